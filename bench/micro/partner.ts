import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** What a module exports that plays the other side of a measurement. Resolves when it can be talked to. */
export interface Serving<I> {
  serve(input: I): Promise<void>
}

/** The process of the other side. Ends with this one. */
export interface Partner {
  readonly pid: number
}

/** Runs `serve` of a module in a process of its own. */
export async function startPartner<I>(module: string, input: I): Promise<Partner> {
  const child = fork(fileURLToPath(import.meta.url), [module, JSON.stringify(input)], {
    execArgv: ['--enable-source-maps'],
    stdio: ['ignore', 2, 2, 'ipc'],
  })
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the other side of ${module} ended (${code})`)
  })
  await Promise.race([once(child, 'message'), ended])
  ended.catch(() => process.exit(1)) // half a measurement is none
  return { pid: child.pid! }
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.send !== undefined) {
  const [module, input] = process.argv.slice(2)
  process.once('disconnect', () => process.exit())
  void (import(module!) as Promise<Serving<unknown>>)
    .then(({ serve }) => serve(JSON.parse(input!)))
    .then(() => process.send!('ready'))
}
