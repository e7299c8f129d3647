"""POST /uploads: one image as multipart part `file` (design section 6)."""

from __future__ import annotations

from django.core.files.uploadedfile import UploadedFile
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import roles
from generations import present, schemas, uploads
from project.api import ApiView
from project.errors import FieldError, Invalid, TooLargeBody
from project.openapi import documented
from project.params import LONGEST_NAME, MOST_ERRORS

MOST_BODY = uploads.MOST_BYTES + 64 * 1024  # the file and the words around it


class UploadsView(ApiView):
    """Keeps an image of the team; its `url` or `id` may stand in any image field."""

    permission = roles.MAKE
    parser_classes = (MultiPartParser,)

    @documented(
        id="create_upload",
        tag="Uploads",
        summary="Upload an image",
        description="A jpeg, png or webp of at most 10 MB; its `url` or `id` may stand in any image field.",
        request=schemas.UploadRequest,
        answers={201: schemas.Upload},
        headers=("Location",),
    )
    def post(self, request: Request) -> Response:
        actor = self.actor
        length = str(request.META.get("CONTENT_LENGTH") or "0")
        if length.isdecimal() and int(length) > MOST_BODY:
            raise TooLargeBody(
                "An upload has at most 10 MB.", errors=[FieldError("file", "larger than 10 MB", "too_large")]
            )
        shown = present.upload(uploads.keep(actor=actor, chunks=_only_file(request).chunks()))
        return Response(shown, status=201, headers={"Location": shown["url"]})


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
