/* The edited plan as a scenario file that extends the run's: what differs from the run, and every place that is built. */
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};
  const { edits } = live;
  const LONGEST = 60; // characters of a name, a folder's as well

  /* ---- TOML ---- */
  /* Marks that steer a terminal, end a line or turn the direction of writing are written as escapes. */
  const STEERING = /["\\\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
  const SHORT = { "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", "\"": "\\\"", "\\": "\\\\" };

  /* A text as a basic string. Half of a pair of code units is no character: files cannot hold it. */
  function text(value) {
    const whole = Array.from(String(value), (one) => (/^[\ud800-\udfff]$/.test(one) ? "\ufffd" : one)).join("");
    return `"${whole.replace(STEERING, (one) => SHORT[one] || `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`)}"`;
  }

  /* A name as a table may hold it, on one line: a run refuses control characters and what is no character. Of a name that is
     nothing else nothing is left. */
  function plain(value) {
    const known = Array.from(String(value), (one) => (/^[\ud800-\udfff\ufffe\uffff]$/.test(one) ? "" : one)).join("");
    return known.replace(/[\t\n\r\u2028\u2029]+/g, " ").replace(/[\x00-\x1f\x7f-\x9f]/g, "").trim();
  }

  /* A place on cells of 1e-7 degree: seven decimals are read again as the very same number. */
  function degrees(value) {
    return value.toFixed(7).replace(/^-(0\.0+)$/, "$1").replace(/0+$/, "").replace(/\.$/, ".0");
  }

  function decimal(value) {
    if (!/^\d+(\.\d+)?$/.test(value)) { throw new RangeError(`no plain decimal: ${value}`); }
    return value;
  }

  function whole(value) {
    if (!Number.isSafeInteger(value)) { throw new RangeError(`no whole number: ${value}`); }
    return String(value);
  }

  function block(heading, rows) {
    return [heading, ...rows.filter((row) => row !== null).map(([key, value]) => `${key} = ${value}`), ""].join("\n");
  }

  /* A row of a text, left out where there is nothing to say. */
  function given(key, value) {
    return value === "" || value === null || value === undefined ? null : [key, text(value)];
  }

  function amount(key, value) {
    return value === null || value === undefined ? null : [key, whole(value)];
  }

  /* ---- where a place is ---- */
  /* The people nearest to a place, by number; -1 where nobody has a place. Near is near on a plane: one city. */
  function nearestPoint(points, [lon, lat]) {
    const narrow = Math.cos((lat * Math.PI) / 180);
    let found = -1, least = Infinity;
    for (let p = 0; p < points.n; p += 1) {
      const x = (points.lon[p] - lon) * narrow, y = points.lat[p] - lat, apart = x * x + y * y;
      if (apart < least) { [found, least] = [p, apart]; }
    }
    return found;
  }

  /* Town of a place where the people p are the nearest: of the site that it was moved from, as long as it is still among the
     same community; else that of their community, which a layer of towns says better where there is one. A rule that counts
     by town refuses a place without one. */
  function townOf({ meta, points }, p, from) {
    const unit = p < 0 ? -1 : points.unit[p];
    if (unit < 0) { return ""; }
    const isNear = from && points.unit[nearestPoint(points, [from.lon, from.lat])] === unit;
    return (isNear && from.town) || (meta.town_areas ? "" : meta.units[unit].town);
  }

  /* District, town and community of a place: a layer of districts says the district, else the people nearest to it; the
     community is asked for where a rule counts by it. */
  function localityOf(load, place, from) {
    const { meta, points } = load, p = nearestPoint(points, place), unit = p < 0 ? -1 : points.unit[p];
    return {
      district: meta.areas || p < 0 ? "" : meta.districts[points.district[p]] || "",
      town: townOf(load, p, from),
      community: unit >= 0 && meta.counted_by.includes("community") ? meta.units[unit].id : "",
    };
  }

  /* Places of the room that name no district, town or community although a rule counts by it, and that no layer can fill: a
     run refuses them. */
  function nowhere({ load }, edit) {
    const { meta } = load, filled = { district: meta.areas, town: meta.town_areas, community: false };
    const asked = meta.counted_by.filter((each) => !filled[each]), siteOf = (id) => meta.sites.find((site) => site.id === id) || null;
    return edit.plan.filter((entry) => !edits.isOption(entry) && asked.some((each) => !localityOf(load, entry.at, siteOf(entry.from))[each]));
  }

  /* Whether a layer is to say where places of the room, or outlets that were moved, lie: of one outside it a rule that counts
     by district or town knows nothing, and a run refuses it. */
  function asksLayers({ load }, edit) {
    const { meta } = load, filled = (meta.areas && meta.counted_by.includes("district")) || (meta.town_areas && meta.counted_by.includes("town"));
    return filled && (Object.keys(edit.moved).length > 0 || edit.plan.some((entry) => !edits.isOption(entry)));
  }

  /* ---- parts of the file ---- */
  function switches(city, edit) {
    const { start } = city, parts = [], isOther = (one) => city.wayOf(one, edit.metric) !== city.wayOf(one, "own");
    if (edit.speed !== start.speed) { parts.push(block("[roads]", [["walk_kph", decimal(edit.speed)]])); }
    if (edit.rule !== start.rule) { parts.push(block("[demand]", [["community_rule", decimal(edit.rule)]])); }
    city.load.meta.standards.filter(isOther)
      .forEach((one) => parts.push(block("[[standard]]", [["id", text(one.id)], ["metric", text(edit.metric)]])));
    return parts;
  }

  /* An outlet that is closed stands no longer from the data date on: field checks of before then are looked at anew. */
  function changedSites(edit, date) {
    const closed = edit.closed.map((id) => block("[[site]]", [["site_id", text(id)], ["operating", text("停运")], ["closed_on", date]]));
    const moved = Object.entries(edit.moved)
      .map(([id, [lon, lat]]) => block("[[site]]", [["site_id", text(id)], ["lon", degrees(lon)], ["lat", degrees(lat)]]));
    return [...closed, ...moved];
  }

  /* What a candidate's row says of a place that is moved: the costs that are its own stay so, those that were estimated are
     left to its build method, and what its size adds is added again. The row of an outlet prices nothing added there. */
  function kept(from) {
    if (!from || from.status !== "candidate") { return []; }
    return [given("build_method", from.build_method), given("host", from.host), given("funding", from.funding), given("tier", from.tier),
      amount("cost_once_yuan", from.once), amount("cost_yearly_yuan", from.yearly), amount("capacity_people", from.capacity)];
  }

  function newSite(load, entry, id, nameOf) {
    const from = entry.from ? load.meta.sites.find((site) => site.id === entry.from) : null;
    const { district, town, community } = localityOf(load, entry.at, from);
    return block("[[site]]", [["site_id", text(id)], given("name", plain(nameOf(entry))), ["type", text(entry.type)], ["status", text("candidate")],
      ["lon", degrees(entry.at[0])], ["lat", degrees(entry.at[1])], given("district", district), given("town", town), given("unit_id", community),
      ...(from ? kept(from) : [given("build_method", entry.method)])]);
  }

  function built(meta, entry, id) {
    const year = meta.phased ? ["year", whole(entry.year)] : null;
    return block("[[build]]", [["site", text(id)], ["type", text(entry.type)], given("size", entry.size), year]);
  }

  /* The whole file. `nameOf(entry)` names a place of the room; `told` are lines for who opens the file. */
  function toml(city, edit, { name, title, nameOf, told }) {
    const { load } = city, { meta } = load, plan = edit.plan.filter((entry) => !edits.isOption(entry) || !edit.closed.includes(entry.site));
    const rooms = plan.filter((entry) => !edits.isOption(entry)), ids = live.roomIds(meta, rooms.length);
    const idOf = (entry) => (edits.isOption(entry) ? entry.site : ids[rooms.indexOf(entry)]);
    const head = [...told.map((line) => `# ${line.replace(/[\x00-\x1f\x7f]+/g, " ")}`), `name = ${text(name)}`, `title = ${text(plain(title))}`,
      `extends = ${text(meta.extends)}`, ...(plan.length ? [] : ["build = []"]), ""].join("\n");
    return [head, ...switches(city, edit), ...changedSites(edit, meta.data_date), ...rooms.map((entry) => newSite(load, entry, idOf(entry), nameOf)),
      ...plan.map((entry) => built(meta, entry, idOf(entry)))].join("\n");
  }

  /* What the room is told of standards of which a run may count other field checks. */
  function doubtful({ city, edit }) {
    const { note, say } = live.kit;
    return city.doubted(edit).map((standard) => note(say("checks_doubted", { name: standard.name }), "pl-less pl-doubted"));
  }

  /* Name of the file and the scenario in it: letters, digits and hyphens of the run's name, then what was asked for. What is
     cut off a long name of a run stays in a number, or a plan handed back again and again would come to its parent's name. */
  function childName(parent, more) {
    const fit = (value) => Array.from(String(value)).filter((one) => /[\p{L}\p{N}-]/u.test(one));
    const plain = (value, most) => fit(value).slice(0, most).join("").replace(/^-+|-+$/g, "");
    const own = plain(more, 15), most = LONGEST - 20, isLong = fit(parent).length > most;
    const first = isLong ? `${plain(parent, most - 9)}-${numberOf(parent)}` : plain(parent, most);
    return `${first || "plan"}-live${own ? `-${own}` : ""}`;
  }

  /* A text as eight hexadecimal digits (FNV-1a over its code units): another text, most likely others. */
  function numberOf(value) {
    let hash = -2128831035;
    for (let k = 0; k < value.length; k += 1) { hash = Math.imul(hash ^ value.charCodeAt(k), 16777619); }
    return (hash >>> 0).toString(16).padStart(8, "0");
  }

  /* ---- to the disk ---- */
  function download(content, file) {
    const link = document.createElement("a"), address = URL.createObjectURL(new Blob([content], { type: "application/toml" }));
    Object.assign(link, { href: address, download: file });
    document.body.appendChild(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }

  /* What to write for the session, under a name that the room gives. */
  function fileOf(session, more) {
    const { words, say } = live.kit, name = childName(session.meta.scenario.name, more);
    const title = session.meta.scenario.title + say("title_live", { more: more ? ` ${more}` : "" });
    const told = [words.file_what, say("file_run", { file: `${name}.toml` })];
    const nameOf = (entry) => live.names.entryName(session, entry);
    return { file: `${name}.toml`, content: toml(session.city, session.edit, { name, title, told, nameOf }) };
  }

  /* What whoever takes the file along must know: what a run would refuse, and that its today is the one of the room. */
  function warned(session) {
    const { city, edit } = session, { note, say, words } = live.kit;
    const refused = city.orphaned(edit).map((standard) => say("back_checked", { name: standard.name }));
    const placeless = nowhere(city, edit).map((entry) => say("back_nowhere", { name: live.names.entryName(session, entry) }));
    const changed = [...edit.closed, ...Object.keys(edit.moved)].map((id) => live.names.siteName(session, id));
    return [
      ...live.offroad.listed(session),
      ...[...refused, ...placeless, ...(asksLayers(city, edit) ? [words.back_layers] : [])].map((line) => note(line, "pl-less")),
      ...(changed.length ? [note(say("back_today", { names: changed.join(words.comma) }))] : []),
    ];
  }

  /* A dialog that asks for a name, shows the file, and says where to keep it and what to run. */
  function dialog(session) {
    const { act, append, keyed, make, note, words, say } = live.kit, field = keyed(make("input"), "back name");
    const shown = make("pre", "pl-file"), run = make("p", "pl-note"), box = live.compare.dialog(words.hand_back);
    const draw = () => {
      const { file, content } = fileOf(session, field.value);
      shown.textContent = content;
      run.textContent = say("keep_file", { file, parent: session.meta.extends.split("/")[0] });
    };
    Object.assign(field, { type: "text", maxLength: 15, value: "1" });
    field.addEventListener("input", draw);
    const save = act(words.download, "download", () => {
      const { file, content } = fileOf(session, field.value);
      download(content, file);
    }, "pl-act pl-strong");
    shown.tabIndex = 0;
    draw();
    const label = append(make("label", "pl-field"), make("span", "", words.back_name), field);
    append(box.body, label, run, ...(session.isChanged ? [] : [note(words.unchanged)]), ...warned(session), ...doubtful(session), save, shown);
    box.open();
  }

  live.handback = { asksLayers, childName, degrees, dialog, doubtful, download, fileOf, nowhere, plain, text, toml };
})(globalThis);
