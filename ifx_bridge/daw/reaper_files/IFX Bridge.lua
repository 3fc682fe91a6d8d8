-- IFX Bridge's helper in REAPER: does what OSC cannot, and answers. Requests come as JSON files in
-- <resource path>/IFX Bridge/requests, answers go to ../replies, each by renaming a finished file;
-- ../heartbeat.json says that somebody is here. Everything counts from 1, as in REAPER's OSC.

local VERSION = 2
local ROOT = reaper.GetResourcePath() .. "/IFX Bridge"
local REQUESTS, REPLIES = ROOT .. "/requests", ROOT .. "/replies"
local HEARTBEAT_SECONDS = 1

---------------------------------------------------------------------------------------- JSON

local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }
local List = {} -- marks tables that are arrays, also empty ones

local function list(values) return setmetatable(values or {}, List) end

local encode
local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(c)
    return ("\\u%04x"):format(c:byte())
  end) .. '"'
end

function encode(value)
  local kind = type(value)
  if kind == "string" then return quoted(value) end
  if kind == "number" then
    if value ~= value or value == math.huge or value == -math.huge then return "null" end
    if math.type(value) == "integer" then return tostring(value) end
    return (("%.17g"):format(value):gsub(",", "."))
  end
  if kind ~= "table" then return kind == "nil" and "null" or tostring(value) end
  local parts = {}
  if getmetatable(value) == List then
    for _, item in ipairs(value) do parts[#parts + 1] = encode(item) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for key, item in pairs(value) do parts[#parts + 1] = quoted(key) .. ":" .. encode(item) end
  return "{" .. table.concat(parts, ",") .. "}"
end

local function decode(text)
  local at = 1
  local value

  local function skip() at = text:find("%S", at) or #text + 1 end
  local function fail(what) error(("damaged JSON: %s at %d"):format(what, at), 0) end
  local function take(pattern)
    local found = text:match("^" .. pattern, at)
    if found then at = at + #found end
    return found
  end

  local function string()
    at = at + 1
    local parts = {}
    while true do
      local plain = take('[^"\\]+')
      if plain then parts[#parts + 1] = plain end
      local mark = text:sub(at, at)
      if mark == '"' then at = at + 1 return table.concat(parts) end
      if mark ~= "\\" then fail("text without an end") end
      local letter = text:sub(at + 1, at + 1)
      if letter == "u" then
        local code = tonumber(text:match("^%x%x%x%x", at + 2) or fail("escape"), 16)
        at = at + 6
        local low = text:match("^\\u(%x%x%x%x)", at)
        if code >= 0xD800 and code < 0xDC00 and low then -- a pair
          code = 0x10000 + (code - 0xD800) * 0x400 + tonumber(low, 16) - 0xDC00
          at = at + 6
        end
        parts[#parts + 1] = utf8.char(code)
      else
        parts[#parts + 1] = ESCAPES[letter] or letter
        at = at + 2
      end
    end
  end

  local function members(close, read)
    at = at + 1
    skip()
    if text:sub(at, at) == close then at = at + 1 return end
    while true do
      read()
      skip()
      local mark = text:sub(at, at)
      at = at + 1
      if mark == close then return end
      if mark ~= "," then fail("no comma") end
      skip()
    end
  end

  function value()
    skip()
    local mark = text:sub(at, at)
    if mark == '"' then return string() end
    if mark == "[" then
      local found = list()
      members("]", function() found[#found + 1] = value() end)
      return found
    end
    if mark == "{" then
      local found = {}
      members("}", function()
        skip()
        if text:sub(at, at) ~= '"' then fail("no name") end
        local key = string()
        skip()
        if not take(":") then fail("no colon") end
        found[key] = value()
      end)
      return found
    end
    if take("true") then return true end
    if take("false") then return false end
    if take("null") then return nil end
    return tonumber(take("-?%d+%.?%d*[eE]?[+-]?%d*") or fail("nothing known")) or fail("number")
  end

  local found = value()
  skip()
  if at <= #text then fail("more than one value") end
  return found
end

---------------------------------------------------------------------------------------- REAPER

local function whole(value, what)
  if math.type(value) ~= "integer" then error(what .. " is no whole number", 0) end
  return value
end

local function track_of(number)
  local track = reaper.GetTrack(0, whole(number, "the track") - 1)
  if not track then error(("there is no track %d"):format(number), 0) end
  return track
end

local function device_of(track_number, number)
  local track = track_of(track_number)
  local count = reaper.TrackFX_GetCount(track)
  if whole(number, "the effect") < 1 or number > count then
    error(("there is no effect %d on track %d"):format(number, track_number), 0)
  end
  return track, number - 1
end

local function parameter_of(track_number, device_number, number)
  local track, fx = device_of(track_number, device_number)
  if whole(number, "the parameter") < 1 or number > reaper.TrackFX_GetNumParams(track, fx) then
    error(("there is no parameter %d"):format(number), 0)
  end
  return track, fx, number - 1
end

local function text_of(track, fx, index)
  local ok, text = reaper.TrackFX_GetFormattedParamValue(track, fx, index, "")
  return ok and text or ""
end

-- Where a parameter's own unit begins and how much of it there is: 0 and 1, but not with JS effects,
-- whose sliders, steps and envelopes are in units of their own.
local function range_of(track, fx, index)
  local _, low, high = reaper.TrackFX_GetParam(track, fx, index)
  if not (low and high and high > low) then return 0, 1 end
  return low, high - low
end

-- Between neighbouring values from 0 to 1; 0 when there is nothing between which it steps.
local function step_of(track, fx, index)
  local known, step, _, _, switch = reaper.TrackFX_GetParameterStepSizes(track, fx, index)
  if not known then return 0 end
  if switch then return 1 end
  local _, span = range_of(track, fx, index)
  return step > 0 and math.min(1, step / span) or 0
end

local function value_in(value)
  if type(value) ~= "number" or not (value >= 0 and value <= 1) then
    error("a value is not between 0 and 1", 0)
  end
  return value
end

local do_ = {}

function do_.hello()
  return { version = VERSION, reaper = reaper.GetAppVersion() }
end

function do_.tracks()
  local rows = list()
  for i = 0, reaper.CountTracks(0) - 1 do
    local track = reaper.GetTrack(0, i)
    local _, name = reaper.GetTrackName(track)
    rows[#rows + 1] = { track = i + 1, name = name, selected = reaper.IsTrackSelected(track) }
  end
  return { tracks = rows }
end

function do_.devices(request)
  local track, rows = track_of(request.track), list()
  for fx = 0, reaper.TrackFX_GetCount(track) - 1 do
    local _, name = reaper.TrackFX_GetFXName(track, fx, "")
    rows[#rows + 1] = { device = fx + 1, name = name, on = reaper.TrackFX_GetEnabled(track, fx) }
  end
  return { devices = rows }
end

function do_.parameters(request)
  local track, fx = device_of(request.track, request.device)
  local rows = list()
  for index = 0, reaper.TrackFX_GetNumParams(track, fx) - 1 do
    local _, name = reaper.TrackFX_GetParamName(track, fx, index, "")
    rows[#rows + 1] = {
      parameter = index + 1,
      name = name,
      value = reaper.TrackFX_GetParamNormalized(track, fx, index),
      text = text_of(track, fx, index),
      step = step_of(track, fx, index),
    }
  end
  return { parameters = rows }
end

function do_.set(request)
  -- All are checked before the first is set.
  local rows = {}
  for _, row in ipairs(request.values) do
    local track, fx, index = parameter_of(row[1], row[2], row[3])
    rows[#rows + 1] = { track, fx, index, value_in(row[4]) }
  end
  for _, row in ipairs(rows) do
    reaper.TrackFX_SetParamNormalized(row[1], row[2], row[3], row[4])
    reaper.TrackFX_EndParamEdit(row[1], row[2], row[3])
  end
  return { count = #rows }
end

function do_.read(request)
  local rows = list()
  for _, key in ipairs(request.parameters) do
    local track, fx, index = parameter_of(key[1], key[2], key[3])
    local value = reaper.TrackFX_GetParamNormalized(track, fx, index)
    rows[#rows + 1] = list { key[1], key[2], key[3], value, text_of(track, fx, index) }
  end
  return { values = rows }
end

function do_.insert(request)
  local track, fx = track_of(request.track), -1
  for _, name in ipairs(request.names) do
    fx = reaper.TrackFX_AddByName(track, name, false, -1)
    if fx >= 0 then break end
  end
  if fx < 0 then error(("REAPER has no effect %q"):format(request.names[1]), 0) end
  local _, name = reaper.TrackFX_GetFXName(track, fx, "")
  return { device = fx + 1, name = name }
end

function do_.enable(request)
  local track, fx = device_of(request.track, request.device)
  reaper.TrackFX_SetEnabled(track, fx, request.on ~= 0)
  return { on = reaper.TrackFX_GetEnabled(track, fx) }
end

function do_.preset(request)
  local track, fx = device_of(request.track, request.device)
  if not reaper.TrackFX_SetPreset(track, fx, request.path) then
    error("the effect did not take the preset " .. request.path, 0)
  end
  return { done = true }
end

local HOLD_SECONDS = 0.001

local function evaluated(envelope, seconds)
  local _, value = reaper.Envelope_Evaluate(envelope, seconds, 48000, 1)
  return value
end

function do_.points(request)
  local track, fx, index = parameter_of(request.track, request.device, request.parameter)
  local points = request.points
  if #points == 0 then error("there are no points", 0) end
  for _, point in ipairs(points) do value_in(point[2]) end
  local first, last = points[1][1], points[#points][1]
  local low, span = range_of(track, fx, index)
  local envelope = reaper.GetFXEnvelope(track, fx, index, false)
  local before, from
  if envelope then
    -- What it was is held until shortly before: else it would drift from its point before.
    from = math.max(0, first - HOLD_SECONDS)
    before = from < first and evaluated(envelope, from)
  else
    envelope = reaper.GetFXEnvelope(track, fx, index, true)
    if not envelope then error("REAPER made no envelope", 0) end
    -- REAPER puts a point at the beginning: this one goes in its place.
    from, before = 0, first > 0 and low + points[1][2] * span
  end
  -- The end of the range is not part of it.
  reaper.DeleteEnvelopePointRange(envelope, from, last + 1e-6)
  if before then reaper.InsertEnvelopePoint(envelope, from, before, 0, 0, false, true) end
  for _, point in ipairs(points) do
    reaper.InsertEnvelopePoint(envelope, point[1], low + point[2] * span, 0, 0, false, true)
  end
  reaper.Envelope_SortPoints(envelope)
  reaper.UpdateArrange()
  return {
    first = (evaluated(envelope, first) - low) / span,
    last = (evaluated(envelope, last) - low) / span,
  }
end

-- The items of a track that sound: those that are selected, else all.
local function items_of(track)
  local all, selected = {}, {}
  for i = 0, reaper.CountTrackMediaItems(track) - 1 do
    local item = reaper.GetTrackMediaItem(track, i)
    local take = reaper.GetActiveTake(item)
    local muted = reaper.GetMediaItemInfo_Value(item, "B_MUTE_ACTUAL") == 1
    if take and not muted and not reaper.TakeIsMIDI(take) then
      all[#all + 1] = item
      if reaper.GetMediaItemInfo_Value(item, "B_UISEL") == 1 then selected[#selected + 1] = item end
    end
  end
  if #all == 0 then error("the track has no audio item that is not muted", 0) end
  return #selected > 0 and selected or all
end

-- Whether an item plays its source as it is; only then the file itself is its sound.
local function plays_plainly(item, take, source)
  local function of_item(name) return reaper.GetMediaItemInfo_Value(item, name) end
  local function of_take(name) return reaper.GetMediaItemTakeInfo_Value(take, name) end
  local length = reaper.GetMediaSourceLength(source)
  -- Automatic fades are negative where there are none.
  local faded = of_item("D_FADEINLEN") > 0 or of_item("D_FADEOUTLEN") > 0
    or of_item("D_FADEINLEN_AUTO") > 0 or of_item("D_FADEOUTLEN_AUTO") > 0
  return of_take("D_PLAYRATE") == 1 and of_take("D_PITCH") == 0 and of_take("D_VOL") == 1
    and of_take("D_PAN") == 0 and of_take("I_CHANMODE") == 0 and of_take("D_STARTOFFS") >= 0
    and of_take("D_STARTOFFS") + of_item("D_LENGTH") <= length + 1e-6
    and of_item("D_VOL") == 1 and not faded and reaper.CountTakeEnvelopes(take) == 0
    and reaper.TakeFX_GetCount(take) == 0 and reaper.GetTakeNumStretchMarkers(take) == 0
    and not reaper.GetMediaSourceParent(source)
end

-- In quarter notes a minute, whatever the time signature.
local function tempo_at(seconds)
  local _, _, tempo = reaper.TimeMap_GetTimeSigAtTime(0, seconds)
  return tempo
end

function do_.source(request)
  local track = track_of(request.track)
  local items = items_of(track)
  local first, last, rate, channels, names = math.huge, 0, 0, 2, {}
  local path
  for number, item in ipairs(items) do
    local take = reaper.GetActiveTake(item)
    local source = reaper.GetMediaItemTake_Source(take)
    local position = reaper.GetMediaItemInfo_Value(item, "D_POSITION")
    first = math.min(first, position)
    last = math.max(last, position + reaper.GetMediaItemInfo_Value(item, "D_LENGTH"))
    if rate == 0 then rate = reaper.GetMediaSourceSampleRate(source) end
    channels = math.max(channels, math.min(8, reaper.GetMediaSourceNumChannels(source)))
    names[number] = reaper.GetTakeName(take)
    if #items == 1 and plays_plainly(item, take, source) then
      path = reaper.GetMediaSourceFileName(source)
    end
  end
  local _, name = reaper.GetTrackName(track)
  return {
    path = path, -- nothing when it has to be rendered
    item = table.concat(names, ", "),
    track = name,
    start = first,
    length = last - first,
    offset = reaper.GetMediaItemTakeInfo_Value(reaper.GetActiveTake(items[1]), "D_STARTOFFS"),
    rate = rate > 0 and rate or 48000,
    channels = channels,
    tempo = tempo_at(first),
  }
end

-- Rendering goes piece by piece, so that REAPER does not stand still: what a track plays immediately
-- before its effects, as raw samples (32-bit floats, channels interleaved).
local FRAMES_AT_ONCE, FLOATS_AT_ONCE = 4096, 128
local rendering

local function end_rendering()
  if not rendering then return end
  rendering.file:close()
  reaper.DestroyAudioAccessor(rendering.accessor)
  rendering = nil
end

function do_.render_begin(request)
  end_rendering()
  local track = track_of(request.track)
  local file = io.open(request.path, "wb")
  if not file then error("it cannot write " .. request.path, 0) end
  rendering = {
    file = file,
    accessor = reaper.CreateTrackAudioAccessor(track),
    buffer = reaper.new_array(FRAMES_AT_ONCE * request.channels),
    start = request.start,
    rate = whole(request.rate, "the rate"),
    channels = whole(request.channels, "the number of channels"),
    left = whole(request.frames, "the length"),
    done = 0,
  }
  return { done = 0 }
end

function do_.render_more(request)
  local r = rendering
  if not r then error("nothing is being rendered", 0) end
  local budget = request.frames
  while budget > 0 and r.left > 0 do
    local count = math.min(FRAMES_AT_ONCE, r.left, budget)
    r.buffer.clear() -- silence leaves it as it is
    local at = r.start + r.done / r.rate
    if reaper.GetAudioAccessorSamples(r.accessor, r.rate, r.channels, at, count, r.buffer) < 0 then
      end_rendering()
      error("REAPER gives no sound of the track", 0)
    end
    local values, total = r.buffer.table(1, count * r.channels), count * r.channels
    for first = 1, total, FLOATS_AT_ONCE do
      local last = math.min(total, first + FLOATS_AT_ONCE - 1)
      local form = "<" .. ("f"):rep(last - first + 1)
      if not r.file:write(form:pack(table.unpack(values, first, last))) then
        end_rendering()
        error("the sound cannot be written: the disk may be full", 0)
      end
    end
    r.left, r.done, budget = r.left - count, r.done + count, budget - count
  end
  local done, left = r.done, r.left
  if left == 0 then
    local written = r.file:flush()
    end_rendering()
    if not written then error("the sound cannot be written: the disk may be full", 0) end
  end
  return { done = done, left = left }
end

function do_.scene()
  local state = reaper.GetPlayState()
  local playing = state & 1 == 1
  local seconds = playing and reaper.GetPlayPosition() or reaper.GetCursorPosition()
  local found = {
    playing = playing,
    recording = state & 4 == 4,
    seconds = seconds,
    tempo = tempo_at(seconds),
  }
  local track = reaper.GetSelectedTrack(0, 0)
  if track then
    local _, name = reaper.GetTrackName(track)
    local number = math.floor(reaper.GetMediaTrackInfo_Value(track, "IP_TRACKNUMBER"))
    found.track = { track = number, name = name }
  end
  local touched, number, fx = reaper.GetLastTouchedFX()
  -- Effects of items and of inputs have higher numbers.
  if touched and number > 0 and number < 0x10000 and fx < 0x1000000 then
    local owner = reaper.GetTrack(0, number - 1)
    if owner and fx < reaper.TrackFX_GetCount(owner) then
      local _, name = reaper.TrackFX_GetFXName(owner, fx, "")
      found.device = { track = number, device = fx + 1, name = name }
    end
  end
  return found
end

function do_.play()
  reaper.OnPlayButton()
  return { done = true }
end

function do_.stop()
  reaper.OnStopButton()
  return { done = true }
end

function do_.locate(request)
  reaper.SetEditCurPos(request.seconds, true, true)
  return { done = true }
end

local READ, TOUCH = 1, 2

function do_.touch_mode(request)
  reaper.SetTrackAutomationMode(track_of(request.track), TOUCH)
  return { done = true }
end

function do_.read_mode(request)
  reaper.SetTrackAutomationMode(track_of(request.track), READ)
  return { done = true }
end

-- One point to go back to, for all that was done in between. REAPER's own undo block would stay open
-- if nobody closed it, and take in what the user does; this is a name only, made good at the end, and
-- also when nobody asks any more, or when the script ends.
local UNDO_SECONDS = 10
local undo_title, asked_at

local function end_undo()
  if undo_title then reaper.Undo_OnStateChangeEx2(0, undo_title, -1, -1) end
  undo_title = nil
end

function do_.undo_begin(request)
  end_undo()
  undo_title = request.title
  return { done = true }
end

function do_.undo_end()
  end_undo()
  return { done = true }
end

---------------------------------------------------------------------------------------- files

local function write(path, text)
  local file = io.open(path .. ".tmp", "wb")
  if not file then return end -- a full disk: the other side runs into its time
  local ok = file:write(text)
  ok = file:close() and ok
  if ok and not os.rename(path .. ".tmp", path) then
    os.remove(path) -- Windows does not rename onto a file that is there
    os.rename(path .. ".tmp", path)
  end
end

local function answer(text)
  local request = decode(text)
  if type(request) ~= "table" then error("no request", 0) end
  if request.version ~= VERSION then
    error("this helper is of another version than IFX Bridge: install it again", 0)
  end
  local job = do_[request["do"]]
  if not job then error(("it does not know how to %s"):format(tostring(request["do"])), 0) end
  return job(request)
end

local function take_requests()
  reaper.EnumerateFiles(REQUESTS, -1) -- looks at the disk again
  local names, i = {}, 0
  while true do
    local name = reaper.EnumerateFiles(REQUESTS, i)
    if not name then break end
    if name:match("^%x+%.json$") then names[#names + 1] = name end
    i = i + 1
  end
  if #names > 0 then asked_at = reaper.time_precise() end
  for _, name in ipairs(names) do
    local file = io.open(REQUESTS .. "/" .. name, "rb")
    if file then
      local text = file:read("a")
      file:close()
      os.remove(REQUESTS .. "/" .. name)
      local ok, result = pcall(answer, text)
      if not ok then result = { error = tostring(result) } end
      write(REPLIES .. "/" .. name, encode(result))
    end
  end
end

local beat_at = -math.huge
-- Started once more, by hand or by a startup script, the newest goes on and the others end.
local SECTION, KEY = "IFX Bridge", "instance"
local INSTANCE = ("%s %.6f"):format(tostring(do_), reaper.time_precise())

local function newest() return reaper.GetExtState(SECTION, KEY) == INSTANCE end

local function cycle()
  if not newest() then
    end_undo()
    end_rendering()
    return
  end
  local now = reaper.time_precise()
  if now - beat_at >= HEARTBEAT_SECONDS then
    beat_at = now
    write(ROOT .. "/heartbeat.json", encode { version = VERSION, seconds = now })
  end
  take_requests()
  if undo_title and now - asked_at > UNDO_SECONDS then end_undo() end
  reaper.defer(cycle)
end

reaper.RecursiveCreateDirectory(REQUESTS, 0)
reaper.RecursiveCreateDirectory(REPLIES, 0)
reaper.SetExtState(SECTION, KEY, INSTANCE, false)
reaper.atexit(function()
  end_undo()
  if newest() then os.remove(ROOT .. "/heartbeat.json") end
end)
cycle()
