"""S3: what the sandbox knows of it, and the rules it adds. moto's S3 is loaded with the first request to it."""

from udo.sandbox.strict.service import Service

SERVICE = Service("s3", "S3", responses="moto.s3.responses:S3Response", backends="moto.s3.models:s3_backends")
