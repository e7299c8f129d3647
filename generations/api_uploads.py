"""Uploads: one image as multipart part `file`, the list of them, one, and its removal (design section 6)."""

from __future__ import annotations

import hashlib

from django.core.files.uploadedfile import UploadedFile
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import roles
from generations import access, idempotency, present, queries, schemas, uploads
from generations.models import Upload
from project import paging
from project.api import ApiView
from project.errors import FieldError, Invalid, TooLargeBody
from project.openapi import documented, named
from project.params import LONGEST_NAME, MOST_ERRORS

ID = {"id": named("upl", "The upload.")}
MOST_BODY = uploads.MOST_BYTES + 64 * 1024  # the file and the words around it


class UploadsView(ApiView):
    """POST keeps an image of the team; its `url` or `id` may stand in any image field. GET lists them."""

    permission = {"GET": roles.SEE, "POST": roles.MAKE}  # noqa: RUF012 - read only
    parameters = paging.PARAMETERS
    parser_classes = (MultiPartParser,)

    @documented(
        id="list_uploads",
        tag="Uploads",
        summary="List the uploads",
        description="What the team can use, newest first.",
        answers={200: schemas.UploadPage},
    )
    def get(self, request: Request) -> Response:
        page = queries.page_of_uploads(access.uploads(self.actor), paging.window_of(request))
        return Response(paging.answer(request, page, [present.upload(row) for row in page.rows]))

    @documented(
        id="create_upload",
        tag="Uploads",
        summary="Upload an image",
        description="A jpeg, png or webp of at most 10 MB and 50 megapixels, no animation; its `url` or "
        "`id` may stand in any image field. It is turned upright and written anew, without metadata.",
        request=schemas.UploadRequest,
        answers={201: schemas.Upload},
        errors={409: ("upload_quota_exceeded", "idempotency_in_progress")},
        headers=("Location",),
        idempotent=True,
    )
    def post(self, request: Request) -> Response:
        actor = self.actor
        length = str(request.META.get("CONTENT_LENGTH") or "0")
        if length.isdecimal() and int(length) > MOST_BODY:
            raise TooLargeBody(
                "An upload has at most 10 MB.", errors=[FieldError("file", "larger than 10 MB", "too_large")]
            )
        key = request.headers.get("Idempotency-Key")
        if key is not None:
            idempotency.check_key(key)
        data = uploads.read(_only_file(request).chunks())
        if key is None:
            answer = _kept(uploads.keep(actor=actor, chunks=[data]))
        else:
            digest = hashlib.sha256(data).hexdigest()
            print_of_request = idempotency.fingerprint(method="POST", path=request.path, body={"file": digest})
            answer = uploads.keep_once(actor=actor, data=data, key=key, print_of_request=print_of_request, render=_kept)
        headers = dict(answer.headers)
        if answer.replayed:
            headers["Idempotency-Replayed"] = "true"
        return Response(answer.body, answer.status, headers=headers)


class UploadView(ApiView):
    """One upload. DELETE removes it and its file; 409 while an open generation needs it."""

    permission = {"GET": roles.SEE, "DELETE": roles.MAKE}  # noqa: RUF012 - read only

    @documented(
        id="get_upload",
        tag="Uploads",
        summary="Get an upload",
        answers={200: schemas.Upload},
        path=ID,
    )
    def get(self, request: Request, public_id: str) -> Response:
        return Response(present.upload(access.upload(self.actor, public_id)))

    @documented(
        id="delete_upload",
        tag="Uploads",
        summary="Delete an upload",
        description="It and its file are gone at once. Not while an open generation needs it.",
        answers={204: None},
        errors={409: ("in_use",)},
        path=ID,
    )
    def delete(self, request: Request, public_id: str) -> Response:
        actor = self.actor
        uploads.remove(actor=actor, upload=access.upload(actor, public_id))
        return Response(status=204)


def _kept(upload: Upload) -> idempotency.Answer:
    return idempotency.Answer(201, present.upload(upload), {"Location": present.upload_address(upload)})


def _only_file(request: Request) -> UploadedFile[bytes]:
    """The part `file`, when it is the only one and a file. Raises Invalid."""
    parts = request.data.lists() if hasattr(request.data, "lists") else []
    names = {str(name): values for name, values in parts}
    errors = [
        FieldError(name[:LONGEST_NAME], "is not a part of this call", "unknown_field")
        for name in names
        if name != "file"
    ]
    files = names.get("file", [])
    if not files:
        errors.append(FieldError("file", "is required: one image as a multipart part with a file name", "missing"))
    elif len(files) > 1:
        errors.append(FieldError("file", "is given more than once", "repeated"))
    elif not isinstance(files[0], UploadedFile):
        errors.append(FieldError("file", "must be a file: send it with a file name", "wrong_type"))
    if errors:
        raise Invalid("The upload has errors.", errors=errors[:MOST_ERRORS])
    found: UploadedFile[bytes] = files[0]
    return found
