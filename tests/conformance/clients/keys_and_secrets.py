"""KMS, Secrets Manager and Parameter Store through boto3 and the AWS CLI."""

import base64
import json
import os

from botocore.exceptions import ClientError
from cases import aws, aws_here, case, client, equal, run


@case("boto3 encrypts and decrypts, and walks pages of keys", "kms.Encrypt", "kms.Decrypt", "kms.ListKeys")
def encryption():
    kms = client("kms")
    ids = {kms.create_key(Description=str(number))["KeyMetadata"]["KeyId"] for number in range(3)}
    key = sorted(ids)[0]
    context = {"app": "boto"}
    sealed = kms.encrypt(KeyId=key, Plaintext=b"\x00\xff", EncryptionContext=context)
    opened = kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context)
    equal(opened["Plaintext"], b"\x00\xff")
    try:
        kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"])
        raise AssertionError("it was decrypted without its context")
    except kms.exceptions.InvalidCiphertextException as refused:
        equal(refused.response["ResponseMetadata"]["HTTPStatusCode"], 400)
    pages = list(kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2}))
    equal({one["KeyId"] for page in pages for one in page["Keys"]}, ids)
    equal(len(pages), 2)


@case("boto3 signs and verifies", "kms.Sign", "kms.Verify")
def signing():
    kms = client("kms")
    made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    asked = {
        "KeyId": made["KeyMetadata"]["KeyId"],
        "Message": b"boto",
        "SigningAlgorithm": "ECDSA_SHA_256",
    }
    signature = kms.sign(**asked)["Signature"]
    equal(kms.verify(**asked, Signature=signature)["SignatureValid"], True)
    try:
        kms.verify(**{**asked, "Message": b"other"}, Signature=signature)
        raise AssertionError("it was verified")
    except kms.exceptions.KMSInvalidSignatureException:
        pass


@case("boto3 keeps secrets, and reads several at once", "secretsmanager.CreateSecret",
      "secretsmanager.GetSecretValue", "secretsmanager.BatchGetSecretValue")
def secrets():
    manager = client("secretsmanager")
    value = json.dumps({"user": "admin", "password": "p"})
    manager.create_secret(Name="db/one", SecretString=value, Tags=[{"Key": "a", "Value": "b"}])
    manager.create_secret(Name="db/two", SecretBinary=b"\x00\x01")
    equal(manager.get_secret_value(SecretId="db/one")["SecretString"], value)
    manager.put_secret_value(SecretId="db/one", SecretString="next")
    old = manager.get_secret_value(SecretId="db/one", VersionStage="AWSPREVIOUS")
    equal(old["SecretString"], value)
    many = manager.batch_get_secret_value(SecretIdList=["db/one", "db/two"])["SecretValues"]
    equal([one.get("SecretString", one.get("SecretBinary")) for one in many], ["next", b"\x00\x01"])
    try:
        manager.get_secret_value(SecretId="none")
        raise AssertionError("it was found")
    except ClientError as refused:
        equal(refused.response["Error"]["Message"], "Secrets Manager can't find the specified secret.")


@case("boto3 reads parameters below a path", "ssm.PutParameter", "ssm.GetParametersByPath")
def parameters():
    ssm = client("ssm")
    for number in range(12):
        ssm.put_parameter(Name=f"/boto/p{number:02}", Value=str(number), Type="SecureString")
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path="/boto", WithDecryption=True)
    equal([one["Value"] for page in pages for one in page["Parameters"]], [str(n) for n in range(12)])


def printed(*argv):
    """What the AWS CLI prints as JSON, without a process of its own."""
    code, text = aws_here(*argv)
    assert code == 0, text
    return json.loads(text)


@case("aws kms makes keys and aliases, encrypts and decrypts", "kms.CreateKey", "kms.CreateAlias",
      "kms.GenerateDataKey")
def cli_keys():
    key = aws("kms", "create-key", "--query", "KeyMetadata.KeyId", "--output", "text")
    aws("kms", "create-alias", "--alias-name", "alias/cli", "--target-key-id", key)
    plain = base64.b64encode(b"hello").decode()
    asked = ("--plaintext", "hello", "--query", "CiphertextBlob")
    path = os.path.join(os.environ["TULE_TEST_FOLDER"], "blob")
    with open(path, "wb") as file:
        file.write(base64.b64decode(printed("kms", "encrypt", "--key-id", "alias/cli", *asked)))
    opened = printed("kms", "decrypt", "--ciphertext-blob", f"fileb://{path}", "--query", "Plaintext")
    equal(opened, plain)
    made = printed("kms", "generate-data-key", "--key-id", "alias/cli", "--key-spec", "AES_256")
    equal(len(base64.b64decode(made["Plaintext"])), 32)


@case("aws secretsmanager and aws ssm keep values", "secretsmanager.ListSecrets", "ssm.GetParameter")
def cli_values():
    printed("secretsmanager", "create-secret", "--name", "cli", "--secret-string", "s3cret")
    read = ("secretsmanager", "get-secret-value", "--secret-id", "cli", "--query", "SecretString")
    equal(printed(*read), "s3cret")
    listed = printed("secretsmanager", "list-secrets", "--query", "SecretList[?Name=='cli'].Name")
    equal(listed, ["cli"])
    printed("ssm", "put-parameter", "--name", "/cli/x", "--value", "v", "--type", "SecureString")
    asked = ("ssm", "get-parameter", "--name", "/cli/x", "--query", "Parameter.Value")
    equal(printed(*asked, "--with-decryption"), "v")


run()
