/** What stands in a trace, above its lines. */
export const LEGEND = `
time in ms, who, what happened, and what of

  world      healed; fault …: what goes wrong, and for whom
  jm-n       a machine that may direct; tm-n one that does work; all-n both; tm-n/slot-m is a thread
             node …    its process: starts, ready, lost (taken for dead, or fenced itself), ended
             msg …     a word that arrived: from → to, by address, with its numbers
             log, blob, doc, lease …   what it did to the state store, and what came of it
             log info, warn, error   what it said itself
  client     job …     what whoever submitted the job hears
  db         what a statement did: applied, already-applied (the ledger knew it), fenced, raised, late
  kafka      partitions and their leaders
  oracle     hit …     a checkpoint decided, an attempt restored, rows committed; violation: the promise is broken
`.trim()
