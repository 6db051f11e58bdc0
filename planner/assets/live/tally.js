// Counting: which facilities are open to each point, and the people, communities and goals that makes.
// All in whole numbers, by the rules of planner/coverage.py and planner/verdicts.py.
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};

  // Bits of the code of a point under a standard. PLACELESS are two: found covered, but nobody knows by which outlet; and
  // reached by no site.
  const COUNTS = 1, MET = 4, UNMET = 8, PLACELESS = 16 | 64, NO_UNIT = 32;
  live.codes = { COUNTS, APART: 2, MET, UNMET, PLACELESS, NO_UNIT };

  // A share as it is written in decimal: "0.9" is 9 / 10.
  const known = new Map();
  const share = (text) => {
    if (!known.has(text)) {
      const parts = /^\s*\+?(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?\s*$/.exec(text);
      if (!parts || !(parts[1] + parts[2])) throw new RangeError("no share: " + text);
      const places = parts[2].length - Number(parts[3] || 0);
      const digits = BigInt(parts[1] + parts[2]) * 10n ** BigInt(Math.max(0, -places));
      known.set(text, { above: digits, below: 10n ** BigInt(Math.max(0, places)) });
    }
    return known.get(text);
  };

  // ceil(share x whole), exactly: 90 % of 10 is 9.
  live.need = function (text, whole) {
    const { above, below } = share(String(text));
    const product = Number(above) * whole;
    if (!(Number(below) < 2 ** 53 && Number(above) < 2 ** 53 && product < 2 ** 53)) {
      return Number((above * BigInt(whole) + below - 1n) / below);
    }
    const rest = product % Number(below);
    return (product - rest) / Number(below) + (rest > 0 ? 1 : 0);
  };

  // --- who is counted ---------------------------------------------------------------------------------------------

  // What a standard counts whatever is open: its rows, and the people of each community and district.
  function basisOf(load, code) {
    const { n, people, unit, district } = load.points;
    const rows = [], unitOf = new Int32Array(n).fill(-1);
    const unitPeople = new Float64Array(load.meta.units.length), districtPeople = new Float64Array(load.meta.districts.length);
    let sum = 0;
    for (let p = 0; p < n; p++) {
      if (!(code[p] & COUNTS)) continue;
      rows.push(p);
      sum += people[p];
      if (district[p] >= 0) districtPeople[district[p]] += people[p];
      if (unit[p] < 0 || code[p] & NO_UNIT) continue;
      unitOf[p] = unit[p];
      unitPeople[unit[p]] += people[p];
    }
    const communities = unitPeople.reduce((many, whole) => many + (whole > 0 ? 1 : 0), 0);
    return {
      rows: Int32Array.from(rows), unitOf, unitPeople, districtPeople, people: sum, communities, code, needs: new Map(), goals: new Map(),
    };
  }

  // How many people of each whole a rule asks for; of an empty one more than there are.
  function needsOf(basis, wholes, rule) {
    if (!basis.needs.has(rule)) {
      basis.needs.set(rule, Float64Array.from(wholes, (whole) => (whole > 0 ? live.need(rule, whole) : Infinity)));
    }
    return basis.needs.get(rule);
  }

  // What a goal counts: the cell of each row is its scope, or its community within a scope.
  function goalBasis(load, goal, g, standard) {
    const scope = load.points.scopes[g], weightOf = weights(load, goal);
    const rows = [], cells = [], weights_ = [], wholes = [], scopeOf = [], numbers = new Map();
    const asked = goal.scopes.map(() => 0);
    for (const p of goal.scopes.length ? standard.rows : []) {
      const inside = scope ? scope[p] : 0;
      if (inside < 0) continue;
      let cell = inside;
      if (goal.of === "communities") {
        if (standard.unitOf[p] < 0) continue;
        const key = inside * load.meta.units.length + standard.unitOf[p];
        if (!numbers.has(key)) numbers.set(key, numbers.size);
        cell = numbers.get(key);
      }
      scopeOf[cell] = inside;
      wholes[cell] = (wholes[cell] || 0) + weightOf[p];
      rows.push(p);
      cells.push(cell);
      weights_.push(weightOf[p]);
    }
    // an empty scope has a cell as well: its whole is 0
    if (goal.of === "people") asked.forEach((_, inside) => { scopeOf[inside] = inside; wholes[inside] = wholes[inside] || 0; });
    wholes.forEach((whole, cell) => { asked[scopeOf[cell]] += goal.of === "people" ? whole : (whole > 0 ? 1 : 0); });
    return {
      rows: Int32Array.from(rows), cells: Int32Array.from(cells), weights: Float64Array.from(weights_), asked,
      wholes: Float64Array.from(wholes), scopeOf: Int32Array.from(scopeOf), needs: new Map(),
    };
  }

  function weights(load, goal) {
    if (goal.group === null || goal.group === undefined) return load.points.people;
    return load.points.groups[load.meta.groups.findIndex((group) => group.id === goal.group)];
  }

  // --- counting -----------------------------------------------------------------------------------------------------

  // People covered in all, by community and by district.
  function covered({ meta, points }, basis, times) {
    const { rows, unitOf } = basis, { people, district } = points;
    const byUnit = new Float64Array(meta.units.length), byDistrict = new Float64Array(meta.districts.length);
    let sum = 0;
    for (let k = 0; k < rows.length; k++) {
      const p = rows[k];
      if (times[p] <= 0) continue;
      sum += people[p];
      if (district[p] >= 0) byDistrict[district[p]] += people[p];
      if (unitOf[p] >= 0) byUnit[unitOf[p]] += people[p];
    }
    return { people: sum, byUnit, byDistrict };
  }

  function standardFigures(basis, found, needs) {
    const units = Array.from(needs, (need, u) => (need === Infinity ? 0 : found.byUnit[u] >= need ? 2 : 1));
    return {
      units,
      figures: {
        people: basis.people,
        covered: found.people,
        communities: basis.communities,
        communities_covered: units.reduce((many, state) => many + (state === 2 ? 1 : 0), 0),
        districts: Array.from(basis.districtPeople, (people, d) => [people, found.byDistrict[d]]),
      },
    };
  }

  // How many facilities a goal asks for, what each of its cells has got, and what a community needs (null: people count).
  function standing(asked, basis, times, rule) {
    const got = new Float64Array(basis.wholes.length), from = asked.backup ? 2 : 1;
    for (let k = 0; k < basis.rows.length; k++) {
      if (times[basis.rows[k]] >= from) got[basis.cells[k]] += basis.weights[k];
    }
    return { from, got, needs: asked.of === "people" ? null : needsOf(basis, basis.wholes, rule) };
  }

  // One entry for each scope.
  function goalFigures(asked, basis, times, rule) {
    const { got, needs } = standing(asked, basis, times, rule), reached = asked.scopes.map(() => 0);
    got.forEach((people, cell) => { reached[basis.scopeOf[cell]] += needs ? (people >= needs[cell] ? 1 : 0) : people; });
    return basis.asked.map((whole, inside) => {
      const needed = live.need(asked.share, whole);
      return { whole, needed, reached: reached[inside], met: reached[inside] >= needed };
    });
  }

  // People by point whom one facility more would help in a scope of a goal: whom it weighs, in communities that are short,
  // and with a backup whoever fewer than two reach.
  function waitingFor(asked, scope, basis, code, times, rule) {
    const found = new Float64Array(code.length), { from, got, needs } = standing(asked, basis, times, rule);
    basis.rows.forEach((p, k) => {
      const cell = basis.cells[k], isShort = !needs || got[cell] < needs[cell];
      if (basis.scopeOf[cell] !== scope || times[p] >= from || !isShort) return;
      if (from > 1 && code[p] & PLACELESS) return; // covered once at most, whatever is open
      found[p] = basis.weights[k];
    });
    return found;
  }

  // Counts people, communities and goals of what stands open from `times`: by point, how many facilities are within reach.
  live.tallier = function (load) {
    const { meta, points } = load, kept = new WeakMap();

    // Kept by the codes of the points, which change where a field check is overtaken.
    function basis(open, s) {
      const code = open.codes[s];
      if (!kept.has(code)) kept.set(code, basisOf(load, code));
      return kept.get(code);
    }

    function goalBasisOf(open, g) {
      const own = basis(open, meta.goals[g].standard);
      if (!own.goals.has(g)) own.goals.set(g, goalBasis(load, meta.goals[g], g, own));
      return own.goals.get(g);
    }

    const needs = (open, s) => needsOf(basis(open, s), basis(open, s).unitPeople, open.rule);
    const coveredBy = (open, s, times) => covered(load, basis(open, s), times);
    const standard = (open, s, times) => standardFigures(basis(open, s), coveredBy(open, s, times), needs(open, s));
    // null where people served are counted, which only a run can
    const goal = (open, g, times) => (meta.goals[g].served ? null : goalFigures(meta.goals[g], goalBasisOf(open, g), times, open.rule));

    // People by point whom one facility more would help: under a standard whoever none reaches; or of a goal {goal: g, scope}.
    function waiting(open, s, times, asked = null) {
      if (asked) return waitingFor(meta.goals[asked.goal], asked.scope, goalBasisOf(open, asked.goal), open.codes[s], times, open.rule);
      const found = new Float64Array(points.n);
      for (const p of basis(open, s).rows) if (times[p] < 1) found[p] = points.people[p];
      return found;
    }

    return { basis, covered: coveredBy, needs, standard, goal, waiting };
  };

  // --- what is open to whom -----------------------------------------------------------------------------------------

  // `checked` are the points that field checks decide, or may.
  function counterOf(load, s, more) {
    const code = load.points.codes[s], mine = new Set(more);
    for (let p = 0; p < code.length; p++) if (code[p] & (MET | UNMET)) mine.add(p);
    const checked = Int32Array.from(mine).sort();
    return {
      all: new Int32Array(code.length), // facilities within the cutoff, whatever field checks say
      outlets: checked.length ? new Int32Array(code.length) : null, // of them, those at outlets that stand today
      times: checked.length ? new Int32Array(code.length) : null,
      checked,
      under: "",
      open: new Map(),
    };
  }

  function add(state, one, limit, sign) {
    const { point, cost } = one.reach, { all, outlets } = state, many = sign * one.many, there = sign * one.there;
    for (let k = 0; k < point.length; k++) {
      if (cost[k] > limit) continue;
      all[point[k]] += many;
      if (outlets) outlets[point[k]] += there;
    }
  }

  const same = (a, b) => a.reach === b.reach && a.many === b.many && a.there === b.there;

  // How far a place is searched at once: as far as any standard that it serves asks for, at any speed.
  function farthest(laid, spot, kind) {
    return laid.kinds.reduce((most, { key, limit }, s) => (key === kind.key && spot.serving[s] ? Math.max(most, limit) : most), 0);
  }

  // Open facilities by place: how many serve a standard, and how many of them stand where an outlet of today does. What a
  // place reaches is taken from `before`, as far as it was found for the same standard.
  function openNow(laid, s, reachOf, before) {
    const open = new Map();
    for (const spot of laid.spots) {
      const many = spot.serving[s], there = spot.outlet[s] ? many : 0;
      if (!many) continue;
      const old = open.get(spot.place.key);
      if (old) {
        old.many += many;
        old.there += there;
      } else {
        const most = farthest(laid, spot, laid.kinds[s]), was = before.get(spot.place.key);
        const reach = was && was.reach.limit >= most ? was.reach : reachOf(spot.place, laid.kinds[s], most);
        open.set(spot.place.key, { reach, many, there });
      }
    }
    return open;
  }

  // The outlet of today that is nearest to a point as the crow flies; the first of equals.
  live.nearestOutlet = function (laid, s, lon, lat) {
    let best = null, least = Infinity;
    for (const spot of laid.spots) {
      if (!spot.outlet[s]) continue;
      const mm = live.greatCircleMm(lon, lat, spot.place.lon, spot.place.lat);
      if (mm < least) [best, least] = [spot, mm];
    }
    return best;
  };

  // Brings counts up to what stands open now: only what was opened, closed or moved is counted anew.
  function sync(state, laid, s, reachOf) {
    const limit = laid.limits[s], under = laid.kinds[s].key + " " + limit;
    if (under !== state.under) {
      state.all.fill(0);
      if (state.outlets) state.outlets.fill(0);
      state.open = new Map();
      state.under = under;
    }
    const open = openNow(laid, s, reachOf, state.open);
    for (const [key, was] of state.open) {
      if (open.has(key) && same(open.get(key), was)) continue;
      add(state, was, limit, -1);
      state.open.delete(key);
    }
    for (const [key, is] of open) {
      if (state.open.has(key)) continue;
      add(state, is, limit, 1);
      state.open.set(key, is);
    }
    return state;
  }

  // How many facilities serve a point that a field check decided: an unmet one is not served by today's outlets, a met one
  // is served by at least one of them while any stands.
  function timesChecked(load, laid, s, state, p) {
    const code = laid.codes[s][p];
    if (!(code & (MET | UNMET))) return state.all[p];
    if (code & PLACELESS) return code & MET && state.open.size ? 1 : 0;
    if (code & UNMET) return state.all[p] - state.outlets[p];
    if (state.outlets[p]) return state.all[p];
    const spot = live.nearestOutlet(laid, s, load.points.lon[p], load.points.lat[p]);
    return state.all[p] + (spot ? spot.serving[s] : 0);
  }

  // Keeps counts from one edit to the next.
  live.counter = function (load, reachOf, decided) {
    const states = load.meta.standards.map((_, s) => counterOf(load, s, decided(s)));

    // Times by point; good until the next call.
    function times(laid, s) {
      const state = sync(states[s], laid, s, reachOf);
      if (!state.checked.length) return state.all;
      state.times.set(state.all);
      for (const p of state.checked) state.times[p] = timesChecked(load, laid, s, state, p);
      return state.times;
    }

    // Points that a check found met and that no outlet reaches: the nearest serves them.
    function unreached(laid, s) {
      const state = sync(states[s], laid, s, reachOf), code = laid.codes[s];
      return state.checked.filter((p) => code[p] & MET && !(code[p] & PLACELESS) && !state.outlets[p]);
    }

    return { times, unreached };
  };
})(globalThis);
