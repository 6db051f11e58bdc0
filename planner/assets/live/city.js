// The city of the page: what stands open under an edit of the plan, and every figure that makes.
// An edit is what a person did (closed, moved, planned, switched); nothing here is kept in it or changed in it.
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};

  const KEPT_PLACES = 400; // places of the room whose feet are kept
  const KEPT_REACH = 1 << 22; // points reached by what was searched for, all together: 8 bytes each, 34 MB

  // The order of Python: by code points, not by the halves of which some signs are made.
  function compareTexts(a, b) {
    for (let k = 0; k < a.length && k < b.length; k++) {
      const one = a.codePointAt(k), other = b.codePointAt(k);
      if (one !== other) return one - other;
    }
    return a.length - b.length;
  }

  const split = (types) => types.split(";").map((type) => type.trim()).filter((type) => type);

  // --- reach of places ------------------------------------------------------------------------------------------------

  // What decides under a way of measuring: standards of one kind share searches. Minutes of a drive change with the
  // speed at which the ways to and from the road are walked; metres do not. `limit` is the largest of all speeds.
  function kindOf(way, kph) {
    const key = way.mode === "straight" ? "straight" : way.mode + " " + way.measure + (way.measure === "time" ? " " + kph : "");
    return { key, mode: way.mode, measure: way.measure, kph, limit: Math.max(...way.limits) };
  }

  // Feet and reach of places.
  function surveyor(load) {
    const parts = new Map(), out = { point: new Int32Array(load.points.n), cost: new Int32Array(load.points.n) };
    const shelf = live.shelf(KEPT_REACH);
    const part = (name, make) => {
      if (!parts.has(name)) parts.set(name, make());
      return parts.get(name);
    };
    const network = (mode) => part("network " + mode, () => live.network(load, mode));
    const straight = () => part("straight", () => live.straight(load));

    function footOf(place, mode) {
      if (!(mode in place.feet)) {
        const foot = part("snapper " + mode, () => live.snapper(load, mode)).snap(place.lon, place.lat);
        place.feet[mode] = foot && foot.slot >= 0 ? foot : null;
      }
      return place.feet[mode];
    }

    // What is within the limit, in `out` until the next search.
    function search(place, kind, limit) {
      if (kind.mode === "straight") return straight().within(place.lon, place.lat, limit, out);
      const foot = footOf(place, kind.mode);
      return foot ? network(kind.mode).within(foot, kind.measure, limit, kind.kph, out) : 0;
    }

    // What is within a limit, and maybe more: what was found once is kept.
    function reachOf(place, kind, limit) {
      const key = place.key + " " + kind.key, kept = shelf.get(key);
      if (kept && kept.limit >= limit) return kept;
      const count = search(place, kind, limit), found = { limit, point: out.point.slice(0, count), cost: out.cost.slice(0, count) };
      return shelf.put(key, found, count + 100);
    }

    return { network, footOf, search, reachOf, out };
  }

  // Places of sites, and of the room.
  function gazetteer(load) {
    const sites = load.meta.sites.map((site, i) => {
      const feet = {};
      for (const [mode, found] of Object.entries(load.sites.feet)) {
        feet[mode] = found.slot[i] < 0 ? null : { slot: found.slot[i], mm: found.mm[i], access: found.access[i] };
      }
      return { key: "site " + i, lon: site.lon, lat: site.lat, feet };
    });
    const kept = new Map();

    function placeAt(lon, lat) {
      const key = lon + " " + lat, place = kept.get(key) || { key, lon, lat, feet: {} };
      kept.delete(key);
      kept.set(key, place); // the last used stands last
      if (kept.size > KEPT_PLACES) kept.delete(kept.keys().next().value);
      return place;
    }

    return { sites, placeAt };
  }

  // --- what is open -----------------------------------------------------------------------------------------------------

  // The way that decides under a standard.
  function wayOf(standard, metric) {
    return (metric === "own" ? null : standard.ways[metric]) || standard.ways[standard.own];
  }

  // How many facilities of some types count for each standard.
  function servingOf(meta, types) {
    return Int32Array.from(meta.standards, (standard) => types.filter((type) => standard.served_by.includes(type)).length);
  }

  // `site` is its number (-1: a place of the room), `plan` the entry of a place of the room (-1: a site).
  function spotOf(meta, place, site, today, added, plan = -1) {
    const serving = servingOf(meta, [...today, ...added]), standing = servingOf(meta, today);
    return { place, site, plan, serving, outlet: Uint8Array.from(standing, (many) => (many ? 1 : 0)) };
  }

  // An entry of the plan at an outlet that is closed opens nothing.
  const counts = (edit, entry) => Boolean(entry.at) || !edit.closed.includes(entry.site);

  // Ids for places of the room that no site has: those that they have in the file that is handed back.
  live.roomIds = function (meta, count) {
    const used = new Set([...meta.sites.map((site) => site.id), ...(meta.reserved || [])]), found = [];
    for (let n = 1; found.length < count; n++) if (!used.has(`live-${n}`)) found.push(`live-${n}`);
    return found;
  };

  // Sites and places of the room in the order of their ids, which decides between equally near ones.
  function inOrder(meta, found, rooms) {
    const ids = live.roomIds(meta, rooms.length), named = rooms.map((spot, k) => [ids[k], spot]).sort((a, b) => compareTexts(a[0], b[0]));
    const every = [];
    let next = 0;
    for (const spot of found) {
      while (next < named.length && compareTexts(named[next][0], meta.sites[spot.site].id) < 0) every.push(named[next++][1]);
      every.push(spot);
    }
    return [...every, ...named.slice(next).map(([, spot]) => spot)];
  }

  // What stands open under an edit, by id.
  function spotsOf(meta, places, numbers, edit) {
    const closed = new Set(edit.closed), movedTo = new Map(Object.entries(edit.moved)), added = new Map(), rooms = [];
    edit.plan.forEach((entry, k) => {
      if (entry.at) {
        rooms.push(spotOf(meta, places.placeAt(entry.at[0], entry.at[1]), -1, [], [entry.type], k));
      } else if (counts(edit, entry)) {
        const i = numbers.get(entry.site);
        if (i === undefined) throw new RangeError("no such site: " + entry.site);
        added.set(i, [...(added.get(i) || []), entry.type]);
      }
    });
    const found = [];
    meta.sites.forEach((site, i) => {
      if (closed.has(site.id) || !(site.standing.length || added.has(i))) return;
      const moved = site.standing.length ? movedTo.get(site.id) : undefined;
      const place = moved ? places.placeAt(moved[0], moved[1]) : places.sites[i];
      found.push(spotOf(meta, place, i, site.standing, added.get(i) || []));
    });
    return inOrder(meta, found, rooms);
  }

  // Lays out an edit: what stands open, how far each standard reaches, and which field checks count.
  function layout(load, places, numbers, checker) {
    const { meta } = load;

    return function (edit) {
      const kph = String(edit.speed), speed = meta.speeds.indexOf(kph);
      if (speed < 0) throw new RangeError("no such speed: " + edit.speed);
      const ways = meta.standards.map((standard) => wayOf(standard, edit.metric));
      const open = {
        edit, kph, ways, rule: String(edit.rule), spots: spotsOf(meta, places, numbers, edit),
        kinds: ways.map((way) => kindOf(way, kph)), limits: ways.map((way) => way.limits[speed]),
      };
      return { ...open, codes: checker.codes(open) };
    };
  }

  // --- what it costs ----------------------------------------------------------------------------------------------------

  const tidy = (size) => size || "";

  // Prices of what is newly opened: an option's own, or that of its type and way of building.
  function pricing(load, numbers) {
    const { meta } = load, options = new Map();
    meta.options.forEach((option) => options.set(JSON.stringify([option.site, option.type, tidy(option.size)]), option));

    function optionOf(site, type, size) {
      return options.get(JSON.stringify([numbers.get(site), type, tidy(size)]));
    }

    // {once, yearly, estimated}; null where nothing says what it costs
    function priceOf(entry) {
      const site = entry.at ? entry.from : entry.site, option = site && optionOf(site, entry.type, entry.size);
      if (option) return option;
      const from = site === null || site === undefined ? undefined : meta.sites[numbers.get(site)];
      const methods = [entry.method, from && from.build_method, ""].map(tidy);
      const listed = meta.prices.filter((price) => price.type === entry.type && tidy(price.size) === tidy(entry.size));
      const price = methods.map((method) => listed.find((one) => tidy(one.method) === method)).find((one) => one);
      if (!price) return null;
      return { once: price.once, yearly: price.yearly, estimated: true, estimated_once: true, funding: from ? tidy(from.funding) : "" };
    }

    // once + yearly x years open within the horizon, as planner/phases.py counts them
    function total(price, year) {
      return price.once + price.yearly * Math.max(0, meta.first_year + meta.horizon_years - year);
    }

    return { priceOf, total };
  }

  // What an edit's plan costs in yuan; `estimated` is the part of `once` that is no row's own figure.
  function costOf(edit, prices) {
    const found = { once: 0, yearly: 0, total: 0, estimated: 0 }, funding = new Map();
    for (const entry of edit.plan) {
      if (!counts(edit, entry)) continue;
      const price = prices.priceOf(entry);
      if (!price) throw new RangeError("no price for " + entry.type);
      const total = prices.total(price, entry.year);
      found.once += price.once;
      found.yearly += price.yearly;
      found.total += total;
      found.estimated += price.estimated_once ? price.once : 0;
      funding.set(tidy(price.funding), (funding.get(tidy(price.funding)) || 0) + total);
    }
    return { ...found, funding: [...funding].sort((a, b) => compareTexts(a[0], b[0])) };
  }

  // --- the page's own figures against those of the run -----------------------------------------------------------------

  // The first numbers that differ between two plain values of one shape; null where none do.
  function unlike(said, found) {
    if (said === null || found === null || typeof said !== "object" || typeof found !== "object") {
      return said === found ? null : { said, found };
    }
    for (const key of new Set([...Object.keys(said), ...Object.keys(found)])) {
      const wrong = unlike(key in said ? said[key] : null, key in found ? found[key] : null);
      if (wrong) return wrong;
    }
    return null;
  }

  // Where the page's figures differ from what the run signed: the number of the standard (null: costs), and the first two
  // numbers that differ; null where all agree.
  function differing(meta, said, found) {
    const report = (standard, wrong) => wrong && { standard, ...wrong };
    for (let s = 0; s < meta.standards.length; s++) {
      const wrong = report(s, unlike(said.standards[s], found.standards[s]) || unlike(said.units[s], found.units[s]));
      if (wrong) return wrong;
    }
    for (let g = 0; g < meta.goals.length; g++) {
      const wrong = report(meta.goals[g].standard, unlike(said.goals[g], found.goals[g]));
      if (wrong) return wrong;
    }
    return report(null, unlike(said.cost, found.cost));
  }

  // --- the city ---------------------------------------------------------------------------------------------------------

  // What all counting shares: the load, its places, and what was counted before.
  function roomOf(load) {
    const { meta } = load, numbers = new Map(meta.sites.map((site, i) => [site.id, i]));
    const survey = surveyor(load), places = gazetteer(load), checker = live.checker(load), tallier = live.tallier(load);
    const newCounter = () => live.counter(load, survey.reachOf, checker.decided), counter = newCounter();

    // 0 the standard does not speak of the point, 1 uncovered, 2 covered, 3 cannot be judged
    function states(open, s) {
      const times = counter.times(open, s), { COUNTS, APART } = live.codes, code = open.codes[s];
      return Uint8Array.from(code, (bits, p) => (bits & COUNTS ? (times[p] > 0 ? 2 : 1) : bits & APART ? 3 : 0));
    }

    return {
      load, meta, numbers, survey, places, checker, tallier, counter, newCounter, states,
      laid: layout(load, places, numbers, checker),
      prices: pricing(load, numbers),
      lastYear: meta.years[meta.years.length - 1], // what is added opens then, if nothing else is said
    };
  }

  // Every figure of an edit.
  function figuresOf({ meta, laid, counter, tallier, prices }, edit) {
    const open = laid(edit), times = meta.standards.map((_, s) => counter.times(open, s));
    const found = meta.standards.map((_, s) => tallier.standard(open, s, times[s]));
    return {
      standards: found.map((one) => one.figures),
      units: found.map((one) => one.units),
      goals: meta.goals.map((goal, g) => tallier.goal(open, g, times[goal.standard])),
      cost: costOf(edit, prices),
    };
  }

  // The plan of the run as an edit, and what stands today without it.
  function editsOf(meta) {
    const today = { speed: meta.walk_kph, metric: "own", rule: meta.rule, closed: [], moved: {}, plan: [] };
    const plan = meta.plan.map(({ option, year }) => {
      const { site, type, size } = meta.options[option];
      return { site: meta.sites[site].id, type, size: tidy(size), year };
    });
    return { today, start: { ...today, plan } };
  }

  // Standards that a field check found met somewhere and that no outlet serves under an edit: a run refuses such checks.
  function orphans({ meta, laid }, edit) {
    const open = laid(edit), { MET } = live.codes;
    return meta.standards.filter((_, s) => open.codes[s].some((code) => code & MET) && !open.spots.some((spot) => spot.outlet[s]));
  }

  // A load whose sites list what stands open there today.
  function withStanding(load) {
    const sites = load.meta.sites.map((site) => ({ ...site, standing: split(site.types) }));
    return { ...load, meta: { ...load.meta, sites } };
  }

  live.city = function (given) {
    const load = withStanding(given), room = roomOf(load), { meta } = load, { today, start } = editsOf(meta);
    const copy = (edit) => JSON.parse(JSON.stringify(edit)), figures = (edit) => figuresOf(room, edit);

    function check() {
      for (const [said, edit] of [[meta.signed.today, today], [meta.signed.plan, start]]) {
        const wrong = said && differing(meta, said, figures(edit));
        if (wrong) return wrong;
      }
      return null;
    }

    return {
      load,
      get start() { return copy(start); },
      get today() { return copy(today); },
      lastYear: room.lastYear, figures, check, wayOf,
      cost: (edit) => costOf(edit, room.prices),
      states: (edit, s) => room.states(room.laid(edit), s),
      orphaned: (edit) => orphans(room, edit),
      doubted: (edit) => room.checker.doubted({ edit }).map((s) => meta.standards[s]), // of which a run may count otherwise
      priceOf: room.prices.priceOf,
      footOf: ([lon, lat], mode) => room.survey.footOf(room.places.placeAt(lon, lat), mode), // null off its roads
      unitPeople: (edit, s) => room.tallier.basis(room.laid(edit), s).unitPeople, // of each community by whom a standard judges it
      drag: live.dragger(room),
      closing: live.closer(room),
      best: live.adviser(room),
      ...live.rulebook(load),
    };
  };
})(globalThis);
