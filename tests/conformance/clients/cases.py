"""What the scripts beside this file stand on: cases that are run one by one and reported as lines of JSON.

The endpoint, keys and region come from the environment, as in any program that uses boto3 or the AWS CLI.
"""

import contextlib
import io
import json
import os
import subprocess
import sys
import traceback
import zlib

import boto3
from botocore.config import Config

_cases = []


def case(name, *covers):
    """Names what a function proves, and the operations that it proves it with."""

    def add(function):
        _cases.append((name, covers, function))
        return function

    return add


def run():
    """Runs all cases in their order, which a script may rely on, and prints a line for each."""
    for name, covers, function in _cases:
        failure = None
        try:
            function()
        except BaseException:
            failure = traceback.format_exc()
        print(json.dumps({"name": name, "covers": covers, "failure": failure}), flush=True)


def client(service, **config):
    """A client that fails the case if it had to ask twice, or if a checksum is not that of its answer."""
    made = boto3.client(service, config=Config(**config))
    made.meta.events.register("after-call.*.*", _check_answer)
    return made


def resource(service):
    made = boto3.resource(service)
    made.meta.client.meta.events.register("after-call.*.*", _check_answer)
    return made


def _check_answer(http_response, parsed, **_):
    assert parsed["ResponseMetadata"]["RetryAttempts"] == 0, parsed
    checksum = http_response.headers.get("x-amz-crc32")
    if checksum is not None:
        assert int(checksum) == zlib.crc32(http_response.content), checksum


def aws(*argv, **how):
    """What the AWS CLI prints: its JSON as values, or with --output text the text."""
    done = _run_aws(argv, **how)
    assert done.returncode == 0, done.stderr
    printed = done.stdout.strip()
    return printed if printed == "" or "text" in argv else json.loads(printed)


def aws_fails(*argv, **how):
    """The exit code and the message with which the AWS CLI fails."""
    done = _run_aws(argv, **how)
    assert done.returncode != 0, done.stdout
    return done.returncode, done.stderr.strip()


def _run_aws(argv, **environment):
    command = os.path.join(os.path.dirname(sys.executable), "aws")
    # As strict as can be: an answer that has to be asked for again is a failure.
    strict = {"AWS_MAX_ATTEMPTS": "1", "AWS_PAGER": ""}
    return subprocess.run(
        [sys.executable, command, *argv],
        env={**os.environ, **strict, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def aws_here(*argv):
    """What the AWS CLI prints, run within this process: starting it anew takes seconds. And its exit code."""
    from awscli.clidriver import create_clidriver

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        code = create_clidriver().main(list(argv))
    return code, printed.getvalue()


def equal(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


def refused(error_class, call):
    """The error of a call that must be refused with this class of error."""
    try:
        call()
    except error_class as error:
        return error
    raise AssertionError("was not refused")
