import { bytesText } from '#src/cli/units.js'
import type { Code, Machine } from './report.js'

/** What a run was measured on, in a line. */
export function machineText({ cpu, cores, memoryBytes, kernel, loadBefore }: Machine, code: Code): string {
  const commit = code.commit === undefined ? '' : ` (${code.commit}${code.isDirty ? ', changed' : ''})`
  return [
    `${cores} × ${cpu}`,
    bytesText(memoryBytes),
    kernel,
    `load before ${loadBefore.toFixed(2)}`,
    `retake ${code.version}${commit}`,
    `node ${code.node}`,
  ].join(' · ')
}
