import { writeFile } from 'node:fs/promises'
import type { ChaosReport } from './chaos-report.js'

/** Paths, of those that are wanted. */
export interface Wanted {
  readonly json?: string | undefined
  readonly svg?: string | undefined
  readonly report?: string | undefined
}

export async function write(report: ChaosReport, { json }: Wanted): Promise<void> {
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`)
}
