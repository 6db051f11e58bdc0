/* Search by name. A pick shows the place and opens its card, in a layer that is turned on for it where none shows it. */
(function () {
  "use strict";
  const { data, words, make, append, fill, digits, unpack, map } = window.plannerPage;
  const MOST = 8, NEAR_ZOOM = 15;
  const made = [];
  let known = null, hits = [], active = -1, pin = null;

  /* Every layer that the page makes, with what it was made of. */
  Object.keys(window.plannerMap).filter((maker) => maker !== "start").forEach((maker) => {
    const build = window.plannerMap[maker];
    window.plannerMap[maker] = (...given) => {
      const layer = build(...given);
      made.push({ maker, given, layer });
      return layer;
    };
  });

  /* ---- what there is ---- */
  /* Marks of direction, which the page leaves out of names, come along with what is pasted. */
  function fold(text) {
    return text.replace(/\p{Bidi_Control}/gu, "").normalize("NFKC").toLowerCase().replace(/\s+/g, " ").trim();
  }

  /* Parts of a line with points between, each in its own direction of writing. */
  function line(parts) {
    const box = make("div", "pm-small");
    parts.filter(Boolean).forEach((part, i) => append(box, document.createTextNode(i ? " · " : ""), make("bdi", "", part)));
    return box;
  }

  function siteEntries() {
    const places = unpack(data.sites.place)[0] || [], found = [];
    data.sites.groups.forEach((group) => group.rows.forEach((row) => found.push({
      maker: "sites", row, at: places[row], name: data.sites.name[row], place: data.sites.place_of[row],
      kind: [data.sites.types[row], words[`state_${group.state}`]],
    })));
    return found;
  }

  /* Places of one community stand under one name: the one with most people is listed. */
  function pointEntries() {
    if (!data.points) { return []; }
    const places = unpack(data.points.place)[0] || [], by = new Map();
    data.points.name.forEach((name, row) => {
      const key = JSON.stringify([name, data.points.place_of[row]]), before = by.get(key);
      if (before === undefined || data.points.people[row] > data.points.people[before]) { by.set(key, row); }
    });
    return [...by.values()].map((row) => ({
      maker: "people", row, at: places[row], name: data.points.name[row], place: data.points.place_of[row],
      kind: [words.point, fill(words.persons, { n: digits(data.points.people[row]) })],
    }));
  }

  /* Communities that are drawn and are not one of the points already. */
  function communityEntries(before) {
    if (!data.communities) { return []; }
    const told = new Set(before.map((entry) => JSON.stringify([entry.name, entry.place]))), table = data.communities;
    return (unpack(table.place)[0] || []).map((at, row) => ({
      maker: "communities", row, at, name: table.name[row], place: table.place_of[row],
      kind: [words.community, fill(words.persons, { n: digits(table.people[row]) })],
    })).filter((entry) => !told.has(JSON.stringify([entry.name, entry.place])));
  }

  function entries() {
    if (!known) {
      const points = pointEntries();
      known = [...siteEntries(), ...points, ...communityEntries(points)].filter((entry) => entry.name.trim() !== "");
      known.forEach((entry) => Object.assign(entry, { folded: fold(entry.name), around: fold(entry.place) }));
    }
    return known;
  }

  /* Each word stands in the name or the place; whole names first, then beginnings, then what only the place has. */
  function find(text) {
    const asked = fold(text), parts = asked.split(" ");
    if (!asked) { return []; }
    const rank = ({ folded }) => (folded === asked ? 0 : folded.startsWith(asked) ? 1 : folded.includes(asked) ? 2 : parts.some((part) => folded.includes(part)) ? 3 : 4);
    const found = entries().filter(({ folded, around }) => folded.includes(asked) || parts.every((part) => folded.includes(part) || around.includes(part)));
    return found.map((entry, i) => [rank(entry), i, entry]).sort((a, b) => a[0] - b[0] || a[1] - b[1]).map((item) => item[2]);
  }

  /* ---- showing a hit ---- */
  function layersOf(maker) {
    return made.filter((one) => one.maker === maker);
  }

  function markerIn({ layer }, row) {
    return map().hasLayer(layer) && layer.getLayers().find((marker) => marker.row === row);
  }

  function shown(hit) {
    return layersOf(hit.maker).map((one) => markerIn(one, hit.row)).find(Boolean);
  }

  /* Of the layers of people one is shown at a time, of the state that is shown if it can be. */
  function turnOnPeople(row) {
    const pressed = document.querySelector("[data-state][aria-pressed='true']"), people = layersOf("people");
    const holding = people.filter(({ given: [standard, state] }) => data.coverage.some((table) => (
      table.standard === standard && table.state === state && table.code[row] !== "-")));
    const of = holding.find(({ given }) => pressed && given[1] === pressed.dataset.state) || holding[0];
    if (!of) { return; }
    people.filter(({ layer }) => map().hasLayer(layer)).forEach(({ layer }) => map().removeLayer(layer));
    map().addLayer(of.layer);
  }

  function turnOn(hit) {
    if (hit.maker === "people") { turnOnPeople(hit.row); return; }
    layersOf(hit.maker).filter(({ layer }) => !map().hasLayer(layer)).some((one) => {
      map().addLayer(one.layer);
      if (markerIn(one, hit.row)) { return true; }
      map().removeLayer(one.layer);
      return false;
    });
  }

  /* What no layer of the page shows gets a pin. */
  function pinned(hit) {
    const icon = L.divIcon({ className: "pm-pin", iconSize: [22, 22], iconAnchor: [11, 11] });
    pin = L.marker(hit.at, { icon, title: hit.name, zIndexOffset: 30000 });
    const card = () => append(make("div", "pm-popup"), make("h3", "", hit.name), line(hit.kind), line([hit.place]));
    return pin.bindPopup(card, { maxWidth: 340 }).addTo(map());
  }

  function reveal(hit) {
    if (pin) { pin.remove(); pin = null; }
    map().closePopup().setView(hit.at, Math.max(map().getZoom(), NEAR_ZOOM), { animate: false });
    map().getContainer().focus({ preventScroll: true });
    if (!shown(hit)) { turnOn(hit); }
    const marker = shown(hit) || pinned(hit);
    marker.fire("click", { latlng: marker.getLatLng() }, true);
    layersOf(hit.maker).forEach(({ layer }) => layer.closeTooltip()); // a click opens it as well, where fingers may
  }

  /* ---- the box ---- */
  const box = document.getElementById("pm-search");
  const input = make("input"), list = make("ul"), status = make("div", "pm-small");
  const title = data.points ? words.search : words.search_sites;
  const attributes = {
    type: "search", role: "combobox", autocomplete: "off", spellcheck: "false", placeholder: title, "aria-label": title,
    "aria-expanded": "false", "aria-controls": "pm-hits", "aria-autocomplete": "list", dir: "auto",
  };
  Object.keys(attributes).forEach((name) => input.setAttribute(name, attributes[name]));
  list.id = "pm-hits";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", words.hits);
  status.setAttribute("role", "status");
  box.setAttribute("role", "search");
  const drop = append(make("div", "pm-drop"), list, status);
  drop.hidden = true;
  append(box, input, drop);

  function mark(number) {
    active = number;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === active)));
    if (active < 0) { input.removeAttribute("aria-activedescendant"); return; }
    input.setAttribute("aria-activedescendant", list.children[active].id);
    list.children[active].scrollIntoView({ block: "nearest" });
  }

  function close() {
    hits = [];
    list.textContent = status.textContent = "";
    drop.hidden = true;
    input.setAttribute("aria-expanded", "false");
    mark(-1);
  }

  function pick(hit) {
    input.value = hit.name;
    close();
    reveal(hit);
  }

  function option(hit, number) {
    const item = append(make("li"), make("bdi", "pm-hit", hit.name), line([...hit.kind, hit.place]));
    item.id = `pm-hit-${number}`;
    item.title = hit.name;
    item.setAttribute("role", "option");
    item.addEventListener("mousedown", (event) => event.preventDefault());
    item.addEventListener("click", () => pick(hit));
    return item;
  }

  function look() {
    const found = find(input.value), asked = input.value.trim() !== "";
    close();
    if (!asked) { return; }
    hits = found.slice(0, MOST);
    append(list, ...hits.map(option));
    const told = found.length > MOST ? words.more_hits : found.length ? words.few_hits : words.no_hit;
    status.textContent = fill(told, { n: digits(found.length), shown: MOST });
    drop.hidden = false;
    input.setAttribute("aria-expanded", "true");
  }

  function key(event) {
    if (event.isComposing) { return; } // an input method has the keys
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && !hits.length) { look(); }
    if (step && hits.length) {
      event.preventDefault();
      mark(active < 0 ? (step > 0 ? 0 : hits.length - 1) : (active + step + hits.length) % hits.length);
    } else if (event.key === "Enter" && hits.length) {
      event.preventDefault();
      pick(hits[Math.max(0, active)]);
    } else if (event.key === "Escape") {
      event.preventDefault();
      if (drop.hidden) { input.value = ""; } else { close(); }
    }
  }

  input.addEventListener("input", look);
  input.addEventListener("keydown", key);
  input.addEventListener("focus", look);
  input.addEventListener("blur", close);
})();
