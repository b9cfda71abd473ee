import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { run } from '../support/command.js'
import { PROJECT } from '../support/project.js'
import thirtyOperators from './budget/thirty-operators.js'

const TSC = join(PROJECT, 'node_modules', 'typescript', 'bin', 'tsc')
const OPERATORS = 30
/** A little more than it was when this was written: 71 types and 176 instantiations. The counts do not vary by machine. */
const PER_OPERATOR = { types: 80, instantiations: 200 }

/** What the compiler counts. */
interface Cost {
  readonly types: number
  readonly instantiations: number
}

let [base, whole]: Cost[] = []
beforeAll(async () => {
  ;[base, whole] = [await costOf('no-operator'), await costOf('thirty-operators')]
})

test('when a job has thirty operators, then each costs the compiler no more than its share', () => {
  expect(operatorsOf(thirtyOperators)).toBe(OPERATORS)
  expect(perOperator('types')).toBeLessThan(PER_OPERATOR.types)
  expect(perOperator('instantiations')).toBeLessThan(PER_OPERATOR.instantiations)
})

function perOperator(what: keyof Cost): number {
  return ((whole?.[what] ?? Number.NaN) - (base?.[what] ?? Number.NaN)) / OPERATORS
}

function operatorsOf({ build }: typeof thirtyOperators): number {
  return build().vertices.flatMap(({ nodes }) => nodes).length
}

/** Of the file, as a user's own compiler has it; one thread, because each has types of its own. */
async function costOf(file: string): Promise<Cost> {
  const options = ['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--singleThreaded']
  const target = ['--target', 'es2023', '--lib', 'es2023', '--module', 'nodenext', '--types', 'node']
  const places = ['--rootDir', '.', '--outDir', 'dist', `test/types/budget/${file}.ts`]
  const args = [TSC, ...options, ...target, ...places, '--extendedDiagnostics', '--pretty', 'false']
  const { code, stdout } = await run(process.execPath, args, { cwd: PROJECT })
  expect(stdout).not.toContain('error TS')
  expect(code).toBe(0)
  const count = (name: string) => Number(new RegExp(`^${name}: +(\\d+)$`, 'm').exec(stdout)?.[1])
  return { types: count('Types'), instantiations: count('Instantiations') }
}
