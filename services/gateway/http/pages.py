"""The pages and their files."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from services.gateway.assets import Asset, page_policy
from services.gateway.http.base import Handlers
from services.gateway.http.route import Call, route
from services.gateway.policy import PUBLIC
from services.gateway.problems import CODES, Problem
from services.gateway.schemas import PageQuery

_PAGE = {
    "policy": PUBLIC,
    "query": PageQuery,
    "pooled": False,
    "answers": {200: "text/html"},
    "documented": False,
}


class Pages(Handlers):
    @route("GET", "/", **_PAGE)
    def root(self, call: Call) -> Response:
        """Go to the support page."""
        return Response(status=302, headers={"Location": "/support"})

    @route("GET", "/support", **_PAGE)
    @route("GET", "/support/<path:view>", **_PAGE)
    def portal(self, call: Call) -> Response:
        """Show the support page."""
        return self._page(call, "portal/index.html")

    @route("GET", "/desk", **_PAGE)
    @route("GET", "/desk/<path:view>", **_PAGE)
    def desk(self, call: Call) -> Response:
        """Show the agent desk."""
        return self._page(call, "desk/index.html")

    @route("GET", "/assets/<path:file>", policy=PUBLIC, pooled=False, answers={200: "*/*"}, documented=False)
    def asset(self, call: Call) -> Response:
        """Send a file of the pages."""
        path = call.path["file"]
        asset = self.parts.assets.find(path)
        if asset is None:
            raise Problem("not_found", CODES["not_found"].meaning)
        keep = "public, max-age=86400" if path.startswith("vendor/") else "no-cache"
        response = asset_response(call.http, asset)
        response.headers["Cache-Control"] = keep
        response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return response

    def _page(self, call: Call, path: str) -> Response:
        asset = self.parts.assets.find(path)
        if asset is None:
            raise Problem("not_found", CODES["not_found"].meaning)
        response = asset_response(call.http, asset)
        response.headers["Content-Security-Policy"] = page_policy(asset.content, self.parts.settings.frame_ancestors)
        return response


def asset_response(request: Request, asset: Asset) -> Response:
    """The file, compressed where the client takes that, or 304 where it has it."""
    headers = {"ETag": asset.etag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if asset.etag in request.headers.get("If-None-Match", ""):
        return Response(status=304, headers=headers)
    if asset.zipped is not None and request.accept_encodings["gzip"] > 0:
        headers["Content-Encoding"] = "gzip"
        return Response(asset.zipped, 200, headers, content_type=asset.content_type)
    return Response(asset.content, 200, headers, content_type=asset.content_type)
