/* Edits of a plan as plain data: each function returns a new edit and leaves the one it was given as it was. */
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};
  const CELL = 1e7; // places stand on whole 1e-7 degrees, as those of the road network do

  /* A place [lon, lat] on the nearest cell: the very doubles that Python reads from the file. */
  function cell(place) {
    return place.map((degrees) => Math.round(degrees * CELL) / CELL);
  }

  /* An entry of the plan that is an option of the run has a site; a place of the room has a place `at`. */
  function isOption(entry) {
    return entry.at === undefined;
  }

  /* The option that an entry is, or was before it was moved; none for a new place. */
  function origin(entry) {
    const site = isOption(entry) ? entry.site : entry.from;
    return site === null || site === undefined ? null : { site, type: entry.type, size: entry.size };
  }

  function sameOption(one, other) {
    return one !== null && other !== null && one.site === other.site && one.type === other.type && one.size === other.size;
  }

  /* Place of an option in a list of entries, moved or not; -1 where it is not there. */
  function indexOf(plan, option) {
    return plan.findIndex((entry) => sameOption(origin(entry), option));
  }

  function frozen(value) {
    if (value !== null && typeof value === "object" && !Object.isFrozen(value) && !ArrayBuffer.isView(value)) {
      Object.freeze(value);
      Object.values(value).forEach(frozen);
    }
    return value;
  }

  /* Where an outlet was moved to, null where it stands as it did: ids are any text, also what every object has (`constructor`). */
  function movedOf(edit, site) {
    return Object.prototype.hasOwnProperty.call(edit.moved, site) ? edit.moved[site] : null;
  }

  function withPlan(edit, plan) {
    return frozen({ ...edit, plan });
  }

  /* A plan without what stands at the site of an option and is of its type: a type opens there once, in one size. */
  function cleared(plan, { site, type }) {
    return plan.filter((entry) => !isOption(entry) || entry.site !== site || entry.type !== type);
  }

  /* Put an option where it stood in the plan of `start`, so that the order of building stays; else at the end. */
  function inserted(every, entry, start) {
    const plan = cleared(every, entry);
    const rank = (one) => (start ? indexOf(start.plan, origin(one)) : -1);
    const own = rank(entry);
    const next = own < 0 ? -1 : plan.findIndex((one) => rank(one) > own || rank(one) < 0);
    const at = next < 0 ? plan.length : next;
    return [...plan.slice(0, at), entry, ...plan.slice(at)];
  }

  function toggle(edit, which, start) {
    if (typeof which === "number") { return remove(edit, which); }
    const at = indexOf(edit.plan, which);
    const { site, type, size, year } = which;
    return at >= 0 ? remove(edit, at) : withPlan(edit, inserted(edit.plan, { site, type, size, year }, start));
  }

  /* Add a place of the room, or an option of the run that is not in the plan yet. */
  function add(edit, place) {
    if (isOption(place)) { return indexOf(edit.plan, place) >= 0 ? edit : toggle(edit, place); }
    const { at, from = null, name = "", type, size = "", method = "", year } = place;
    return withPlan(edit, [...edit.plan, { at: cell(at), from, name, type, size, method, year }]);
  }

  function changed(edit, index, change) {
    return withPlan(edit, edit.plan.map((entry, i) => (i === index ? change(entry) : entry)));
  }

  function movePlanned(edit, index, place) {
    return changed(edit, index, (entry) => {
      const { site, type, size, year } = entry;
      return isOption(entry) ? { at: cell(place), from: site, name: "", type, size, method: "", year } : { ...entry, at: cell(place) };
    });
  }

  /* A moved planned place back where the run has it; at an outlet that is closed by now there is nothing to go back to. */
  function putBack(edit, index) {
    const entry = edit.plan[index], option = origin(entry);
    if (option === null || isOption(entry) || edit.closed.includes(option.site)) { return edit; }
    const [before, after] = [edit.plan.slice(0, index), edit.plan.slice(index + 1)].map((part) => cleared(part, option));
    return withPlan(edit, [...before, { ...option, year: entry.year }, ...after]);
  }

  function remove(edit, index) {
    return withPlan(edit, edit.plan.filter((_, i) => i !== index));
  }

  function setYear(edit, index, year) {
    return changed(edit, index, (entry) => ({ ...entry, year }));
  }

  function rename(edit, index, name) {
    return changed(edit, index, (entry) => (isOption(entry) ? entry : { ...entry, name }));
  }

  function without(moved, site) {
    return Object.fromEntries(Object.entries(moved).filter(([id]) => id !== site));
  }

  /* What is planned inside a closed outlet is not built either. */
  function close(edit, site) {
    const closed = [...edit.closed.filter((id) => id !== site), site].sort();
    return frozen({ ...edit, closed, moved: without(edit.moved, site), plan: edit.plan.filter((entry) => !isOption(entry) || entry.site !== site) });
  }

  /* An outlet as it stands today: open, and in its place. */
  function reopen(edit, site) {
    return frozen({ ...edit, closed: edit.closed.filter((id) => id !== site), moved: without(edit.moved, site) });
  }

  function moveSite(edit, site, place) {
    return edit.closed.includes(site) ? edit : frozen({ ...edit, moved: { ...without(edit.moved, site), [site]: cell(place) } });
  }

  function set(edit, switches) {
    const { speed = edit.speed, metric = edit.metric, rule = edit.rule } = switches;
    return frozen({ ...edit, speed, metric, rule });
  }

  /* The plan of a step of the frontier: `entries` are options of the run; none can stand in an outlet that is closed. */
  function budget(edit, entries) {
    const plan = entries.filter(({ site }) => !edit.closed.includes(site));
    return withPlan(edit, plan.map(({ site, type, size, year }) => ({ site, type, size, year })));
  }

  /* An edit as text: equal texts are equal edits, whatever order outlets were closed or moved in. */
  function key(edit) {
    const parts = (one) => (isOption(one) ? [one.site] : [one.at, one.from, one.name, one.method]);
    const entry = (one) => [...parts(one), one.type, one.size, one.year];
    const moved = Object.keys(edit.moved).sort().map((id) => [id, edit.moved[id]]);
    return JSON.stringify([edit.speed, edit.metric, edit.rule, [...edit.closed].sort(), moved, edit.plan.map(entry)]);
  }

  function same(one, other) {
    return key(one) === key(other);
  }

  live.edits = {
    add, budget, cell, close, frozen, indexOf, isOption, key, movedOf, movePlanned, moveSite, origin, putBack, remove, rename, reopen, same,
    sameOption, set, setYear, toggle,
  };
})(globalThis);
