import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Sample } from './sample.js'

/** What a module exports whose `measure` runs in a process of its own. Input and sample are plain data. */
export interface Apart<I> {
  measure(input: I): Promise<Sample>
}

/**
 * Runs `measure` of a module in a fresh process, so that no run inherits the heap, the compiled code or the memory peak
 * of another. Where the sample does not say its memory, it is the peak of that process.
 *
 * @param module `import.meta.url` of the module, or the address of another
 */
export async function apart<I>(module: string, input: I, execArgv: readonly string[] = []): Promise<Sample> {
  const child = fork(fileURLToPath(import.meta.url), [module, JSON.stringify(input ?? null)], {
    execArgv: ['--enable-source-maps', ...execArgv],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  let sample: Sample | undefined
  child.on('message', (message) => {
    sample = message as Sample
  })
  const [code, signal] = await once(child, 'exit')
  if (sample === undefined) throw new Error(`a run of ${module} ended without a sample (${signal ?? code})`)
  return sample
}

async function main([module, input]: readonly string[]): Promise<void> {
  const { measure } = (await import(module!)) as Apart<unknown>
  const sample = await measure(JSON.parse(input!))
  const rssBytes = process.resourceUsage().maxRSS * 1_024
  process.send!({ rssBytes, ...sample }, () => process.exit())
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.send !== undefined) {
  // Not awaited: what is measured most often imports this file, and would wait for it to have run.
  void main(process.argv.slice(2))
}
