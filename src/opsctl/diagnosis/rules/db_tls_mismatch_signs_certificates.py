"""How TLS libraries and runtimes say that a certificate or a protocol version is not accepted."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight
from opsctl.diagnosis.rules.connection_settings import FETCHERS

SIGNS_CERTIFICATES = (
    Sign(
        "node-certificate-codes",
        Weight.STRONG,
        (
            "self_signed_cert_in_chain",
            "depth_zero_self_signed_cert",
            "unable_to_verify_leaf_signature",
            "unable_to_get_issuer_cert",
            "err_tls_cert_altname_invalid",
            "cert_has_expired",
            "handshake_ssl_error",
            "handshake_no_ssl_support",
            "err_ssl_",
        ),
        unless=FETCHERS,
        source="nodejs/node crypto X509 error codes; sidorares/node-mysql2 constants/errors.js",
        example="  code: 'SELF_SIGNED_CERT_IN_CHAIN'",
    ),
    Sign(
        "self-signed",
        Weight.STRONG,
        ("self signed certificate", "self-signed certificate"),
        unless=FETCHERS + r"|generating a? ?self",
        source="openssl/openssl crypto/x509/x509_txt.c",
        example="Error: self signed certificate in certificate chain",
    ),
    Sign(
        "issuer-unknown",
        Weight.STRONG,
        (
            "unable to get local issuer certificate",
            "unable to get issuer certificate",
            "unable to verify the first certificate",
            "certificate signed by unknown authority",
            "certificate verify failed",
            "certificate verification failure",
            "peer certificate cannot be authenticated",
            "the certificate is not trusted",
        ),
        unless=FETCHERS,
        source="openssl/openssl x509_txt.c; golang/go crypto/x509 UnknownAuthorityError; PyMySQL and Python ssl; "
        "MariaDB",
        example="tls: failed to verify certificate: x509: certificate signed by unknown authority",
    ),
    Sign(
        "name-mismatch",
        Weight.STRONG,
        (
            "does not match certificate's altnames",
            "cert's altnames",
            "certificate is valid for",
            "certificate is not valid for any names",
            "relies on legacy common name field",
            "doesn't contain any ip sans",
            "hostname mismatch, certificate is not valid",
            "did not match expected cn",
            "could not be verified by hostnameverifier",
        ),
        unless=FETCHERS,
        source="nodejs/node lib/tls.js; golang/go crypto/x509 HostnameError; php-src openssl; pgjdbc verify-full",
        example="Hostname/IP does not match certificate's altnames: IP: 10.0.0.3 is not in the cert's list: ",
    ),
    Sign(
        "expired",
        Weight.MODERATE,
        ("certificate has expired", "certificate has expired or is not yet valid", "certificate expired"),
        unless=FETCHERS,
        source="openssl/openssl x509_txt.c; golang/go crypto/x509 CertificateInvalidError",
        example="Error: certificate has expired",
    ),
    Sign(
        "java-handshake",
        Weight.DECISIVE,
        (
            "sslhandshakeexception",
            "pkix path building failed",
            "unable to find valid certification path",
            "suncertpathbuilder",
        ),
        unless=FETCHERS,
        source="openjdk/jdk javax.net.ssl; sun.security.provider.certpath",
        example="javax.net.ssl.SSLHandshakeException: PKIX path building failed: "
        "sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to "
        "requested target",
    ),
    Sign(
        "java-protocol",
        Weight.DECISIVE,
        ("no appropriate protocol", "ssl peer shut down incorrectly", "unsupported or unrecognized ssl message"),
        r"No appropriate protocol \(protocol is disabled|Unsupported or unrecognized SSL message|SSL peer shut down "
        r"incorrectly",
        source="openjdk/jdk sun.security.ssl HandshakeContext, SSLSocketInputRecord",
        example="javax.net.ssl.SSLHandshakeException: No appropriate protocol (protocol is disabled or cipher suites "
        "are "
        "inappropriate)",
    ),
    Sign(
        "dotnet-certificate",
        Weight.DECISIVE,
        (
            "the remote certificate is invalid",
            "the remote certificate was rejected",
            "exception while performing ssl handshake",
            "the ssl connection could not be established",
            "authentication failed, see inner exception",
        ),
        r"remote certificate (?:is invalid|was rejected)|Exception while performing SSL handshake"
        r"|SSL connection could not be established",
        unless=FETCHERS,
        source="dotnet/runtime System.Net.Security; npgsql/npgsql",
        example="The remote certificate is invalid because of errors in the certificate chain: UntrustedRoot",
    ),
    Sign(
        "protocol-version",
        Weight.STRONG,
        (
            "wrong version number",
            "wrong_version_number",
            "unsupported protocol",
            "unsupported_protocol",
            "bad protocol version",
            "tlsv1 alert protocol version",
            "packet length too long",
            "dh key too small",
            "handshake failure",
            "no cipher match",
        ),
        r"(?:SSL|TLS|ssl|tls)[\s\S]{0,160}(?:wrong version number|unsupported protocol|alert protocol version|packet "
        r"length too|"
        r"dh key too small|handshake failure|no cipher match)|WRONG_VERSION_NUMBER|UNSUPPORTED_PROTOCOL|bad protocol "
        r"version",
        unless=FETCHERS,
        source="openssl/openssl ssl/ssl_err.c",
        example="error:0A00010B:SSL routines:ssl3_get_record:wrong version number",
    ),
    Sign(
        "go-first-record",
        Weight.STRONG,
        ("first record does not look like a tls handshake", "tls: handshake failure", "remote error: tls:"),
        unless=FETCHERS,
        source="golang/go crypto/tls RecordHeaderError, alert.go",
        example="tls: first record does not look like a TLS handshake",
    ),
    Sign(
        "closed-during-tls",
        Weight.STRONG,
        "client network socket disconnected before secure tls connection was established",
        unless=FETCHERS,
        source="nodejs/node lib/_tls_wrap.js",
        example="Error: Client network socket disconnected before secure TLS connection was established",
    ),
    Sign(
        "handshake-alert",
        Weight.MODERATE,
        (
            "tlsv1 alert internal error",
            "tlsv1 alert unknown ca",
            "ssl handshake failed",
            "tls handshake failed",
            "ssl routines",
        ),
        unless=FETCHERS,
        source="openssl/openssl ssl alerts; MongoDB Atlas; gRPC",
        example="SSL routines:ssl3_read_bytes:tlsv1 alert internal error",
    ),
    Sign(
        "php-certificate",
        Weight.DECISIVE,
        (
            "ssl operation failed with code",
            "cannot connect to mysql using ssl",
            "cannot connect to mysql by using ssl",
            "peer certificate cn=",
        ),
        source="php/php-src ext/openssl/xp_ssl.c; ext/mysqlnd",
        example="PDO::__construct(): SSL operation failed with code 1. OpenSSL Error messages: error:0A000086:SSL "
        "routines::"
        "certificate verify failed",
    ),
    Sign(
        "certificate-of-a-database",
        Weight.DECISIVE,
        ("certificate", "self signed"),
        r"(?:postgres|mysql|mariadb|mongo|redis|tedious|sql server|sqlconnection|\bpq:|failed to connect to|database"
        r"|OperationalError|:(?:5432|3306|1433|27017|6379|6432)\b)[\s\S]{0,300}"
        r"(?:self[- ]signed certificate|unknown authority|unable to (?:verify the first|get local issuer)|verify failed"
        r"|certificate (?:has expired|is (?:not )?valid for))",
        unless=FETCHERS + r"|https?://",
        source="drivers that wrap the texts of OpenSSL and crypto/x509",
        example="ConnectionError: Failed to connect to db:1433 - self-signed certificate",
    ),
    Sign(
        "client-certificate-required",
        Weight.DECISIVE,
        ("alert certificate required", "alert bad certificate", "tlsv13 alert", "peer did not return a certificate"),
        r"alert (?:certificate required|bad certificate)|peer did not return a certificate",
        source="openssl/openssl ssl/ssl_stat.c",
        example="SSL error: tlsv13 alert certificate required",
    ),
    Sign(
        "negotiation-answer",
        Weight.MODERATE,
        (
            "invalid response to ssl negotiation",
            "endpoint id is not specified",
            "ssl connection has been closed unexpectedly",
            "tlsconnectionerror",
        ),
        source="postgres/postgres fe-connect.c; Neon proxy without SNI; Prisma driver adapters",
        example="received invalid response to SSL negotiation: H",
    ),
    Sign(
        "cloudsql-certificate-name",
        Weight.DECISIVE,
        ("but wanted to match", "certificate is valid for"),
        r"(?:but wanted to match |certificate is valid for )[a-z][\w-]+:[a-z][\w-]+",
        source="golang/go crypto/x509 with the common name PROJECT:INSTANCE of a Cloud SQL certificate",
        example="x509: certificate is not valid for any names, but wanted to match shop-prod:orders",
    ),
)
