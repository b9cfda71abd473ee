import type { Target } from './benchmark.js'
import { figureOf } from './figure.js'
import type { ContenderReport, Spread, TargetReport } from './report.js'
import { rateOf, type Sample } from './sample.js'
import { spreadOf } from './spread.js'

/** What a target came to, or undefined where a contender that it is about is absent. */
export function judged(
  target: Target,
  contenders: readonly ContenderReport[],
  absent: readonly { readonly name: string }[],
): TargetReport | undefined {
  const samplesOf = (name: string): readonly Sample[] | undefined => {
    const samples = contenders.find((contender) => contender.name === name)?.samples
    if (samples !== undefined || absent.some((one) => one.name === name)) return samples
    throw new Error(`a target is about ${JSON.stringify(name)}, and no contender has that name`)
  }
  const of = samplesOf(target.of)
  const over = target.kind === 'ratio' ? samplesOf(target.over) : of
  if (of === undefined || over === undefined) return undefined
  // Round by round: neighbours in time have met the same machine.
  const found = spreadOf(
    of.map((sample, round) =>
      target.kind === 'ratio'
        ? rateOf(sample) / rateOf(over[round]!)
        : mustHave(target.figure, sample, target.of),
    ),
  )
  const [typical, best, sign] =
    target.kind === 'at-most' ? [found.median, found.min, -1] : [found.median, found.max, 1]
  return {
    target: sentenceOf(target),
    aim: target.aim,
    found,
    isMet: typical * sign >= target.aim * sign,
    // Whatever else the machine does can only slow a round down.
    ...(target.floor === undefined
      ? {}
      : { floor: target.floor, isKept: best * sign >= target.floor * sign }),
  }
}

/** A run that lost a record, or counted one twice, counts for nothing: that nobody has to ask for. */
export function judgedLedger({ name, samples }: ContenderReport): TargetReport | undefined {
  const wrong = samples.flatMap(({ ledger }) =>
    ledger === undefined ? [] : [ledger.lost + ledger.duplicated],
  )
  if (wrong.length === 0) return undefined
  const found: Spread = spreadOf(wrong)
  const isKept = found.max === 0
  return {
    target: `${name} loses none and counts none twice`,
    aim: 0,
    found,
    isMet: isKept,
    isKept,
  }
}

function sentenceOf(target: Target): string {
  switch (target.kind) {
    case 'ratio':
      return `${target.of} has ${target.aim} of the rate of ${target.over}`
    case 'at-least':
      return `${target.of} has a ${target.figure} of at least ${target.aim}`
    case 'at-most':
      return `${target.of} has a ${target.figure} of at most ${target.aim}`
  }
}

function mustHave(figure: string, sample: Sample, contender: string): number {
  const value = figureOf(sample, figure)
  if (value === undefined) throw new Error(`a target is about ${figure}, and ${contender} does not tell it`)
  return value
}
