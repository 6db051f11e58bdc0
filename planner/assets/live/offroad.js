/* Places of the room that lie too far from any road: by road they cover nobody, and the lists, the cards and the hand-back say so. */
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};
  const { digits, make, note, say, words } = live.kit;
  const { entryName, siteName } = live.names;

  /* Whether a place [lon, lat] is off the roads that a standard goes by. */
  function isOff({ city, edit, meta }, at) {
    const modes = new Set(meta.standards.map((standard) => city.wayOf(standard, edit.metric).mode).filter((mode) => mode !== "straight"));
    return [...modes].some((mode) => city.footOf(at, mode) === null);
  }

  function metres({ meta }) {
    return digits(Math.round(meta.snap_max_mm / 1000));
  }

  /* Beside a name in a list. */
  function mark(session, at) {
    return at && isOff(session, at) ? [make("em", "pl-mark pl-off-road", words.off_mark)] : [];
  }

  /* On a card. */
  function told(session, at) {
    return at && isOff(session, at) ? [note(say("off_road", { metres: metres(session) }), "pl-less")] : [];
  }

  /* All of them, in one sentence. */
  function listed(session) {
    const { edit } = session, moved = Object.keys(edit.moved).filter((id) => isOff(session, edit.moved[id])).map((id) => siteName(session, id));
    const names = [...moved, ...edit.plan.filter((entry) => entry.at && isOff(session, entry.at)).map((entry) => entryName(session, entry))];
    return names.length ? [note(say("off_listed", { n: names.length, metres: metres(session), names: names.join(words.comma) }), "pl-less")] : [];
  }

  live.offroad = { listed, mark, told };
})(globalThis);
