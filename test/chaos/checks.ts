import type { ChaosReport } from './chaos-report.js'

export interface Check {
  readonly what: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
}

/** What a run shows, or fails to: peace, each kind of fault, exactness. */
export function checksOf({ control, faults, kinds, leftOut, verdict }: ChaosReport): readonly Check[] {
  const { falseVerdicts } = control
  return [
    check(`the control phase: ${falseVerdicts.join('; ')}`, falseVerdicts.length === 0),
    ...kinds.map(({ kind }) => {
      const problem = faults.find((fault) => fault.kind === kind && fault.problem !== undefined)?.problem
      return check(`${kind}: ${problem}`, problem === undefined)
    }),
    check(`exactness: ${differences(verdict)}`, verdict.isExact),
    ...leftOut.map(({ kind, why }): Check => ({ what: `${kind}: ${why}`, outcome: 'skipped' })),
  ]
}

function differences({ missing, foreign, repeated, wrongSums, problem }: ChaosReport['verdict']): string {
  const counted = `${missing} rows missing, ${repeated} repeated, ${foreign} foreign, ${wrongSums} wrong sums`
  return problem === undefined ? counted : `${problem}; ${counted}`
}

function check(what: string, isPassed: boolean): Check {
  return { what, outcome: isPassed ? 'passed' : 'failed' }
}
