"""How Cloud Run and the Cloud SQL connectors say that there is no way to an address."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight

SIGNS_PLATFORM = (
    Sign(
        "vpc-connector-missing",
        Weight.PLATFORM,
        "vpc connector",
        r"VPC connector \S+ (?:does not exist|is not ready|cannot be used|is in an? \w+ state)"
        r"|VPC (?:Access )?connector .{0,120}(?:does not exist|not in a ready state|ERROR state)",
        platform=True,
        source="Cloud Run condition texts of jobs",
        example="VPC connector projects/p/locations/us-central1/connectors/c does not exist, or Cloud Run does not "
        "have "
        "permission to use it.",
    ),
    Sign(
        "vpc-network-missing",
        Weight.PLATFORM,
        ("vpcnetworknotfound", "vpc_network_not_found", "vpc network", "subnetwork"),
        r"VPC_?NETWORK_?NOT_?FOUND|VpcNetworkNotFound|VPC (?:network|subnetwork) .{0,160}(?:not found|does not exist)"
        r"|(?:sub)?network .{0,160} (?:was not found|does not exist).{0,80}(?:egress|VPC|direct)",
        platform=True,
        source="google.cloud.run.v2.Condition.ExecutionReason; Cloud Run direct VPC egress",
        example="VPC_NETWORK_NOT_FOUND: VPC network projects/p/global/networks/prod was not found",
    ),
    Sign(
        "cloudsql-dial-timeout",
        Weight.DECISIVE,
        ("connection to cloud sql instance at", "couldn't connect to", "failed to dial (connection name"),
        r"connection to Cloud SQL instance at \S+ failed: (?:timed out|dial|.*i/o timeout)"
        r"|couldn't connect to \"[^\"]+\": dial tcp \S+: (?:connect: connection timed out|i/o timeout|connect: no "
        r"route)"
        r"|failed to dial \(connection name[\s\S]{0,200}(?:timed out|i/o timeout|no route|deadline exceeded)",
        source="Cloud SQL errors in Cloud Run logs; GoogleCloudPlatform/cloud-sql-proxy",
        example='dial error: failed to dial (connection name = "p:us-central1:db"): connection to Cloud SQL instance '
        "at "
        "10.1.0.3:3307 failed: timed out after 10s",
    ),
    Sign(
        "cloudsql-no-address",
        Weight.STRONG,
        (
            "does not have ip of type",
            "no supported ip addresses",
            "ip addresses matching",
            "cannot connect to instance, it does",
            "enopublicsqladminipaddress",
            "enoprivatesqladminipaddress",
            "enopscsqladmin",
            "does not contain any ip addresses",
        ),
        source="GoogleCloudPlatform/cloud-sql-go-connector, nodejs-connector errors.ts, python-connector "
        "exceptions.py, "
        "jdbc-socket-factory",
        example='config error: instance does not have IP of type "PUBLIC" (connection name = "p:us-central1:db")',
    ),
)
