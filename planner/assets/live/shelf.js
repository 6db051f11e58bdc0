// Keeps what was counted, as long as there is room for it: what was not asked for longest goes first.
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};

  // Returns {get(key), put(key, value, size)}: the sizes together are at most `most`, the value put last aside.
  function shelf(most) {
    const kept = new Map();
    let used = 0;

    function away(key) {
      used -= kept.get(key).size;
      kept.delete(key);
    }

    function get(key) {
      const one = kept.get(key);
      if (!one) return undefined;
      kept.delete(key);
      kept.set(key, one); // the last asked for is the last to go
      return one.value;
    }

    function put(key, value, size) {
      if (kept.has(key)) away(key);
      kept.set(key, { value, size });
      used += size;
      while (used > most && kept.size > 1) away(kept.keys().next().value);
      return value;
    }

    return { get, put };
  }

  Object.assign(live, { shelf });
})(globalThis);
