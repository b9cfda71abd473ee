import type { Verdict } from '../verdict.js'
import { countOf, type ScaleFigures } from './scale-figures.js'
import { sumOf } from './tally.js'

/**
 * What must not grow, or no faster than said, from a small cluster to one of twice as many nodes. Only what is counted:
 * the same for the same code, however fast the machine is.
 */
export function scalePromises(small: ScaleFigures, large: ScaleFigures): readonly Verdict[] {
  const grows = (promise: string, of: (figures: ScaleFigures) => number, atMost = 1): Verdict => {
    const [before, after] = [of(small), of(large)]
    return { promise, isKept: after <= before * atMost, found: `${shown(before)} → ${shown(after)}` }
  }
  const stays = (promise: string, of: (figures: ScaleFigures) => number, most: number): Verdict => {
    const found = [small, large].map(of)
    return { promise, isKept: found.every((value) => value <= most), found: found.map(shown).join(' → ') }
  }
  return [
    stays('a checkpoint is six words a subtask, to and from the leader', wordsOfCheckpoint, 6),
    stays('a checkpoint is two entries of the log', ({ checkpoint }) => checkpoint.entries.times, 2),
    grows('entries of the log do not grow', ({ checkpoint }) => checkpoint.entries.bytes, 1.05),
    grows('a manifest grows as subtasks do', ({ manifestBytes, subtasks }) => manifestBytes / subtasks, 1.05),
    stays(
      'a checkpoint is three frames and grants a channel',
      ({ checkpointFrames, channels }) => checkpointFrames / channels,
      3,
    ),
    grows('words at rest grow as nodes do', wordsAtRest, 1.05),
    // Of more nodes more are other ones: what stays in a process is not counted.
    grows(
      'channels at rest are silent, however many',
      ({ restFrames, subtasks }) => restFrames / subtasks,
      1.4,
    ),
    grows('words of a start grow as subtasks do', wordsOfStart, 1.05),
    grows('bytes of deployments grow as channels do', deploymentsPerChannel),
    grows('words of a restart grow as subtasks do', wordsOfRestart, 1.05),
    grows('words of a takeover grow as subtasks do', wordsOfTakeover, 1.05),
    stays('nothing starts again when the leader dies', startsInTakeover, 0),
  ]
}

function wordsOfCheckpoint(figures: ScaleFigures): number {
  const { checkpoint, subtasks } = figures
  return (figures.to(checkpoint).times + figures.from(checkpoint).times) / subtasks
}

function wordsAtRest({ restTo, restFrom, measured }: ScaleFigures): number {
  return (restTo.times + restFrom.times) / measured.size.nodes
}

function wordsOfStart(figures: ScaleFigures): number {
  const { phase } = figures.measured.deployment
  return (figures.to(phase).times + figures.from(phase).times) / figures.subtasks
}

function deploymentsPerChannel({ measured, channels }: ScaleFigures): number {
  return countOf(measured.deployment.phase.fromLeader, 'deploy').bytes / channels
}

function wordsOfRestart(figures: ScaleFigures): number {
  const { phase } = figures.measured.recovery
  return (figures.to(phase).times + figures.from(phase).times) / figures.subtasks
}

function wordsOfTakeover(figures: ScaleFigures): number {
  const { phase } = figures.measured.failover
  return (figures.to(phase).times + figures.from(phase).times) / figures.subtasks
}

function startsInTakeover({ measured }: ScaleFigures): number {
  return sumOf([measured.failover.phase.store], (name) => name === 'entry started').times
}

function shown(value: number): string {
  return String(Math.round(value * 100) / 100)
}
