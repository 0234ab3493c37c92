"""Who is asking and what server this is: keys, users, version, features (facts/immich-api.md section 2)."""

from aiohttp import web

from reactor.demo.immich.calls import ANY_KEY, OPEN, Call, Routes, reply
from reactor.demo.immich.formats import IMAGE, SIDECAR, VIDEO
from reactor.demo.immich.realtime import version_json
from reactor.demo.immich.wire import key_json, ms, owner_json, user_json

routes = Routes()
FEATURES_ON = ("map", "reverseGeocoding", "sidecar", "search", "trash", "passwordLogin", "facialRecognition")
FEATURES_OFF = ("smartSearch", "duplicateDetection", "importFaces", "oauth", "oauthAutoLaunch", "ocr", "configFile")
MORE_OFF = ("email", "realtimeTranscoding")


@routes.on("GET", "/server/ping", need=OPEN)
async def ping(_: Call) -> web.Response:
    return reply({"res": "pong"})


@routes.on("GET", "/server/version", need=OPEN)
async def version(call: Call) -> web.Response:
    return reply(version_json(call.world.version))


@routes.on("GET", "/server/version-history", need=OPEN)
async def version_history(call: Call) -> web.Response:
    started = min(
        (account.created_at for account in call.world.state.accounts.values()), default=call.world.state.now()
    )
    name = ".".join(map(str, call.world.version))
    return reply([{"id": "fe13c59e-cb74-4ea4-8548-c410b4d15a88", "createdAt": ms(started), "version": name}])


@routes.on("GET", "/server/features", need=OPEN)
async def features(_: Call) -> web.Response:
    return reply(dict.fromkeys(FEATURES_ON, True) | dict.fromkeys(FEATURES_OFF + MORE_OFF, False))


@routes.on("GET", "/server/config", need=OPEN)
async def config(_: Call) -> web.Response:
    return reply(
        {
            "loginPageMessage": "",
            "trashDays": 30,
            "userDeleteDelay": 7,
            "oauthButtonText": "Login with OAuth",
            "isInitialized": True,
            "isOnboarded": False,
            "externalDomain": "",
            "publicUsers": True,
            "mapDarkStyleUrl": "https://tiles.immich.cloud/v1/style/dark.json",
            "mapLightStyleUrl": "https://tiles.immich.cloud/v1/style/light.json",
            "maintenanceMode": False,
            "minFaces": 3,
        }
    )


@routes.on("GET", "/server/media-types", need=OPEN)
async def media_types(_: Call) -> web.Response:
    return reply({"video": VIDEO, "image": IMAGE, "sidecar": SIDECAR})


@routes.on("GET", "/server/about", need="server.about")
async def about(call: Call) -> web.Response:
    name = "v" + ".".join(map(str, call.world.version))
    releases = f"https://github.com/immich-app/immich/releases/tag/{name}"
    return reply({"version": name, "versionUrl": releases, "licensed": False, "nodejs": "v24.15.0"})


@routes.on("GET", "/api-keys/me", need=ANY_KEY)
async def my_key(call: Call) -> web.Response:
    assert call.key is not None, "ANY_KEY lets nobody in without one"
    return reply(key_json(call.key))


@routes.on("GET", "/users/me", need="user.read")
async def me(call: Call) -> web.Response:
    account = call.account
    files = (asset for asset in call.world.state.assets.values() if asset.owner_id == account.id)
    return reply(user_json(account, sum(asset.exif.file_size for asset in files)))


@routes.on("GET", "/users", need="user.read")
async def users(call: Call) -> web.Response:
    return reply([owner_json(account, ms) for account in call.world.state.accounts.values()])
