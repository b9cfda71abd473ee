import type { Cancel, Clock } from '../kit/clock.js'
import type { Terminal } from './terminal.js'
import { durationText } from './units.js'

const LIVE_MS = 500
/** Off a terminal it is said this often. */
const PLAIN_MS = 10_000

/** Resolves as `work` does; meanwhile says what is waited for, and for how long. Quick work is not worth a word. */
export async function whileWaiting<T>(
  work: Promise<T>,
  what: string,
  { terminal, clock }: { readonly terminal: Terminal; readonly clock: Clock },
): Promise<T> {
  const since = clock.now()
  const periodMs = terminal.isLive ? LIVE_MS : PLAIN_MS
  let cancel: Cancel = () => {}
  const tick = () => {
    cancel = clock.after(periodMs, () => {
      const line = `… ${what}  ${terminal.palette.faint(durationText(clock.now() - since))}`
      if (terminal.isLive) terminal.live(line)
      else terminal.talk(line)
      tick()
    })
  }
  tick()
  try {
    return await work
  } finally {
    cancel()
    terminal.live(undefined)
  }
}
