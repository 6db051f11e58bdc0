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
  function basisOf(load, s) {
    const { n, people, unit, district, codes } = load.points, code = codes[s];
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
    return { rows: Int32Array.from(rows), unitOf, unitPeople, districtPeople, people: sum, communities, code, needs: new Map() };
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

  // Counts people, communities and goals from `times`: by point, how many facilities are within reach.
  live.tallier = function (load) {
    const { meta, points } = load;
    const standards = meta.standards.map((_, s) => basisOf(load, s));
    const numbers = new Map(meta.standards.map((one, s) => [one.id, s]));
    const standardOf = (goal) => (typeof goal.standard === "number" ? goal.standard : numbers.get(goal.standard));
    const goals = meta.goals.map((goal, g) => goalBasis(load, goal, g, standards[standardOf(goal)]));

    // People covered in all, by community and by district.
    function covered(s, times) {
      const basis = standards[s], { rows, unitOf } = basis, { people, district } = points;
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

    function standard(s, times, rule) {
      const basis = standards[s], found = covered(s, times), needs = needsOf(basis, basis.unitPeople, rule);
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
    function standing(g, times, rule) {
      const asked = meta.goals[g], basis = goals[g], got = new Float64Array(basis.wholes.length), from = asked.backup ? 2 : 1;
      for (let k = 0; k < basis.rows.length; k++) {
        if (times[basis.rows[k]] >= from) got[basis.cells[k]] += basis.weights[k];
      }
      return { from, got, needs: asked.of === "people" ? null : needsOf(basis, basis.wholes, rule) };
    }

    // One entry for each scope; null where people served are counted, which only a run can.
    function goal(g, times, rule) {
      const asked = meta.goals[g], basis = goals[g];
      if (asked.served) return null;
      const { got, needs } = standing(g, times, rule), reached = asked.scopes.map(() => 0);
      got.forEach((people, cell) => { reached[basis.scopeOf[cell]] += needs ? (people >= needs[cell] ? 1 : 0) : people; });
      return basis.asked.map((whole, inside) => {
        const needed = live.need(asked.share, whole);
        return { whole, needed, reached: reached[inside], met: reached[inside] >= needed };
      });
    }

    // People by point whom one facility more would help: under a standard whoever none reaches; for a scope of a goal
    // {goal: g, scope} whom it weighs, in communities that are short, and with a backup whoever fewer than two reach.
    function waiting(s, times, rule, asked = null) {
      const found = new Float64Array(points.n), { rows, code } = standards[s];
      if (!asked) {
        for (const p of rows) if (times[p] < 1) found[p] = points.people[p];
        return found;
      }
      const basis = goals[asked.goal], { from, got, needs } = standing(asked.goal, times, rule);
      basis.rows.forEach((p, k) => {
        const cell = basis.cells[k], isShort = !needs || got[cell] < needs[cell];
        if (basis.scopeOf[cell] !== asked.scope || times[p] >= from || !isShort) return;
        if (from > 1 && code[p] & PLACELESS) return; // covered once at most, whatever is open
        found[p] = basis.weights[k];
      });
      return found;
    }

    const needs = (s, rule) => needsOf(standards[s], standards[s].unitPeople, rule);
    return { bases: standards, covered, needs, standard, goal, standardOf, waiting };
  };

  // --- what is open to whom -----------------------------------------------------------------------------------------

  function counterOf(load, s) {
    const code = load.points.codes[s], checked = [];
    for (let p = 0; p < code.length; p++) if (code[p] & (MET | UNMET)) checked.push(p);
    return {
      all: new Int32Array(code.length), // facilities within the cutoff, whatever field checks say
      outlets: checked.length ? new Int32Array(code.length) : null, // of them, those at outlets that stand today
      times: checked.length ? new Int32Array(code.length) : null,
      checked: Int32Array.from(checked),
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

  // Open facilities by place: how many serve a standard, and how many of them stand where an outlet of today does.
  function openNow(laid, s, reachOf) {
    const open = new Map();
    for (const spot of laid.spots) {
      const many = spot.serving[s], there = spot.outlet[s] ? many : 0;
      if (!many) continue;
      const old = open.get(spot.place.key);
      if (old) {
        old.many += many;
        old.there += there;
      } else {
        open.set(spot.place.key, { reach: reachOf(spot.place, laid.kinds[s], farthest(laid, spot, laid.kinds[s])), many, there });
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

  // Keeps counts from one edit to the next: only what was opened, closed or moved is counted anew.
  live.counter = function (load, reachOf) {
    const states = load.meta.standards.map((_, s) => counterOf(load, s));

    function sync(laid, s) {
      const state = states[s], limit = laid.limits[s], under = laid.kinds[s].key + " " + limit;
      if (under !== state.under) {
        state.all.fill(0);
        if (state.outlets) state.outlets.fill(0);
        state.open = new Map();
        state.under = under;
      }
      const open = openNow(laid, s, reachOf);
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

    // Times by point. Field checks go before what was measured: an unmet point is not served by today's outlets, a met
    // one is served by at least one of them while any stands.
    function times(laid, s) {
      const state = sync(laid, s), code = load.points.codes[s];
      if (!state.checked.length) return state.all;
      state.times.set(state.all);
      for (const p of state.checked) {
        if (code[p] & PLACELESS) {
          state.times[p] = code[p] & MET && state.open.size ? 1 : 0;
        } else if (code[p] & UNMET) {
          state.times[p] = state.all[p] - state.outlets[p];
        } else if (!state.outlets[p]) {
          const spot = live.nearestOutlet(laid, s, load.points.lon[p], load.points.lat[p]);
          if (spot) state.times[p] += spot.serving[s];
        }
      }
      return state.times;
    }

    // Points that a check found met and that no outlet reaches: the nearest serves them.
    function unreached(laid, s) {
      const state = sync(laid, s), code = load.points.codes[s];
      return state.checked.filter((p) => code[p] & MET && !(code[p] & PLACELESS) && !state.outlets[p]);
    }

    return { times, unreached };
  };
})(globalThis);
