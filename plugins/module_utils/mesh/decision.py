"""One decision a user in every release under way: made at the edge, stated in ``baggage``, honoured on every hop.

The header is the W3C's (https://www.w3.org/TR/baggage/), which applications hand on with their trace context. What releases
there are, and how they split users, is metadata of the routes: one rename changes it everywhere at once.
"""

from __future__ import annotations

from ..model.effective import EffectiveApplication
from ..model.instance import Version
from ..model.release import Split
from .envoy import Config, extension

BAGGAGE = "baggage"
SHARES = 10_000
_FILTER = "envoy.filters.http.lua"
_SCRIPT = r"""
local COOKIE, MEMBER = "evenkeel", "evenkeel%."
local MODULUS, FACTOR, SHARES = 2147483647, 48271, 10000

local function cookie(headers, name)
  local all = headers:get("cookie")
  return all and ("; " .. all):match(";%s*" .. name:gsub("%W", "%%%0") .. "=([^;]*)")
end

-- A user's place in a release, from 0 to 9999: it stays, so a weight that rises only ever moves users forward.
local function place(key, release)
  local hash = 1
  for index = 1, #key + #release + 1 do
    hash = (hash * FACTOR + (release .. ":" .. key):byte(index)) % MODULUS
  end
  return (hash * FACTOR) % MODULUS % SHARES
end

local function belongs(headers, audience)
  local value
  if audience.where == "cookie" then
    value = cookie(headers, audience.name)
  else
    value = headers:get(audience.name)
  end
  for _, wanted in ipairs(audience.values) do
    if value == wanted then
      return true
    end
  end
  return false
end

local function version(headers, release, key)
  for _, audience in ipairs(release.audiences) do
    if belongs(headers, audience) then
      return "candidate"
    end
  end
  return place(key, release.name) < release.shares and "candidate" or "stable"
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local members = {}
  -- What comes from outside decides nothing.
  for member in (headers:get("baggage") or ""):gmatch("[^,]+") do
    if not member:match("^%s*" .. MEMBER) then
      table.insert(members, member)
    end
  end
  local releases = handle:metadata():get("releases")
  if releases then
    local key = cookie(headers, COOKIE)
    if not key or key == "" then
      key = headers:get("x-request-id") or tostring(handle:timestamp())
      handle:streamInfo():dynamicMetadata():set("evenkeel", "key", key)
    end
    for _, release in ipairs(releases) do
      table.insert(members, "evenkeel." .. release.name .. "=" .. version(headers, release, key))
    end
  end
  if #members > 0 then
    headers:replace("baggage", table.concat(members, ","))
  elseif headers:get("baggage") then
    headers:remove("baggage")
  end
end

function envoy_on_response(handle)
  local found = handle:streamInfo():dynamicMetadata():get("evenkeel")
  if found and found.key then
    handle:headers():add("set-cookie", COOKIE .. "=" .. found.key .. "; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax")
  end
end
"""


def decision_filter() -> Config:
    """Return the filter that decides."""
    return extension(_FILTER, "filters.http.lua.v3.Lua", default_source_code={"inline_string": _SCRIPT})


def undecided(application: EffectiveApplication) -> Config:
    """Return what of all routes passes over the filter where no release is under way: it costs nothing then."""
    if application.splits:
        return {}
    return {"typed_per_filter_config": {_FILTER: extension("", "filters.http.lua.v3.LuaPerRoute", disabled=True)["typed_config"]}}


def decision_metadata(application: EffectiveApplication) -> Config:
    """Return what of a route tells the filter how to decide; nothing where no release is under way."""
    releases = [
        {"name": split.release, "shares": shares(split), "audiences": [vars(each) for each in split.audiences]}
        for split in application.splits
    ]
    return {"metadata": {"filter_metadata": {_FILTER: {"releases": releases}}}} if releases else {}


def shares(split: Split) -> int:
    """Return how many of ``SHARES`` users of the release get the candidates."""
    return round(split.weight * SHARES / 100)


def member(release: str, version: Version) -> str:
    """Return what states in ``baggage`` that a user has ``version`` in ``release``."""
    return f"evenkeel.{release}={version}"


def decided(release: str, version: Version) -> Config:
    """Return what matches the requests of users who have ``version`` in ``release``."""
    return {"name": BAGGAGE, "string_match": {"contains": member(release, version)}}
