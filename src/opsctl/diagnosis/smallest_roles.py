"""For permissions that jobs often lack: the smallest predefined role that holds them.

Source: the IAM roles and permissions index of Google Cloud.
"""

from __future__ import annotations

SMALLEST_ROLES = {
    "aiplatform.endpoints.predict": "roles/aiplatform.user",
    "artifactregistry.repositories.downloadArtifacts": "roles/artifactregistry.reader",
    "bigquery.datasets.get": "roles/bigquery.metadataViewer",
    "bigquery.jobs.create": "roles/bigquery.jobUser",
    "bigquery.tables.create": "roles/bigquery.dataEditor",
    "bigquery.tables.get": "roles/bigquery.metadataViewer",
    "bigquery.tables.getData": "roles/bigquery.dataViewer",
    "bigquery.tables.updateData": "roles/bigquery.dataEditor",
    "cloudkms.cryptoKeyVersions.useToDecrypt": "roles/cloudkms.cryptoKeyDecrypter",
    "cloudkms.cryptoKeyVersions.useToEncrypt": "roles/cloudkms.cryptoKeyEncrypter",
    "cloudsql.instances.connect": "roles/cloudsql.client",
    "cloudsql.instances.get": "roles/cloudsql.client",
    "cloudsql.instances.login": "roles/cloudsql.instanceUser",
    "cloudtasks.tasks.create": "roles/cloudtasks.enqueuer",
    "datastore.entities.create": "roles/datastore.user",
    "datastore.entities.get": "roles/datastore.viewer",
    "datastore.entities.list": "roles/datastore.viewer",
    "datastore.entities.update": "roles/datastore.user",
    "iam.serviceAccounts.actAs": "roles/iam.serviceAccountUser",
    "iam.serviceAccounts.getAccessToken": "roles/iam.serviceAccountTokenCreator",
    "iam.serviceAccounts.signBlob": "roles/iam.serviceAccountTokenCreator",
    "logging.logEntries.create": "roles/logging.logWriter",
    "monitoring.timeSeries.create": "roles/monitoring.metricWriter",
    "pubsub.subscriptions.consume": "roles/pubsub.subscriber",
    "pubsub.topics.publish": "roles/pubsub.publisher",
    "run.jobs.run": "roles/run.invoker",
    "run.routes.invoke": "roles/run.invoker",
    "secretmanager.versions.access": "roles/secretmanager.secretAccessor",
    "storage.objects.create": "roles/storage.objectCreator",
    "storage.objects.delete": "roles/storage.objectUser",
    "storage.objects.get": "roles/storage.objectViewer",
    "storage.objects.list": "roles/storage.objectViewer",
    "storage.objects.update": "roles/storage.objectUser",
}
