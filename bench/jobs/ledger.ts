import type { Ledger } from '../suite/sample.js'

/** Of a run without a sink that tells its rows apart: their number. */
export function ledgerOf(produced: number, accounted: number): Ledger {
  const [lost, duplicated] = [Math.max(0, produced - accounted), Math.max(0, accounted - produced)]
  if (lost + duplicated > 0) throw new Error(`${produced} rows should have come out, and ${accounted} did`)
  return { produced, accounted, lost, duplicated }
}
