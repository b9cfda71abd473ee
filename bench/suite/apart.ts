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
    // What it says is talk: standard output is for results.
    stdio: ['ignore', 2, 2, 'ipc'],
  })
  let answer: Answer | undefined
  child.on('message', (message) => {
    answer = message as Answer
  })
  // Whatever this process ends of, its run ends with it.
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  // The exit may be known before the last message is read; the end of the channel is not.
  const [[code, signal]] = await Promise.all([once(child, 'exit'), once(child, 'disconnect')])
  process.off('exit', end)
  if (answer === undefined) throw new Error(`a run of ${module} ended without a sample (${signal ?? code})`)
  if ('error' in answer) throw new Error(answer.error)
  return answer.sample
}

type Answer = { readonly sample: Sample } | { readonly error: string }

async function answerOf(module: string, input: string): Promise<Answer> {
  try {
    const { measure } = (await import(module)) as Apart<unknown>
    const sample = await measure(JSON.parse(input))
    const rssBytes = process.resourceUsage().maxRSS * 1_024
    return { sample: { rssBytes, ...sample } }
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.send !== undefined) {
  const [module, input] = process.argv.slice(2)
  process.once('disconnect', () => process.exit())
  // Not awaited: what is measured most often imports this file, and would wait for it to have run.
  void answerOf(module!, input!).then((answer) => process.send!(answer, () => process.exit()))
}
