import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { buildMutant } from './mutant.js'
import { MUTATIONS, type Mutation } from './mutations.js'

/** How a mutation fared. */
export interface Bitten {
  readonly mutation: Mutation
  /** Seeds that were played until one failed; undefined when none of them did. */
  readonly seeds: number | undefined
  /** What was wrong then. */
  readonly violation: string
}

/** Breaks the code in one place after the other, one on each core, and plays until it is noticed. */
export async function runMutations(
  seedsMax: number,
  only: readonly string[] | undefined,
  onBitten: (bitten: Bitten) => void,
): Promise<void> {
  const left = MUTATIONS.filter(({ name }) => only === undefined || only.some((text) => name.includes(text)))
  const next = async (): Promise<void> => {
    for (let mutation = left.shift(); mutation !== undefined; mutation = left.shift())
      onBitten(await bite(mutation, seedsMax))
  }
  await Promise.all(Array.from({ length: availableParallelism() }, next))
}

/** In a process of its own, which alone has the broken code. */
function bite(mutation: Mutation, seedsMax: number): Promise<Bitten> {
  const { program, remove } = buildMutant(mutation)
  const child = spawn(process.execPath, [program, '--until-failure', String(seedsMax)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
  })
  return new Promise((resolve) => {
    child.on('close', () => {
      remove()
      const [, seeds, violation = ''] = /^failed after (\d+) seeds: (.*)$/m.exec(output) ?? []
      resolve({ mutation, seeds: seeds === undefined ? undefined : Number(seeds), violation })
    })
  })
}
