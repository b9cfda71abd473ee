/**
 * A process that runs one job until it is killed or told to cancel: what `kill -9` is tried on. It goes on with the
 * unended run of its state directory, if there is one. Talks with its parent over IPC.
 */
import type { JobEvent } from '#actors/job-event.js'
import { Node } from '#actors/node.js'
import { pinoLogger } from '#src/cli/pino-logger.js'
import { systemClock } from '#src/kit/clock.js'
import { errorInfoOf } from '#src/kit/errors.js'
import { systemRandom } from '#src/kit/random.js'

export interface JobProcessOptions {
  readonly file: string
  readonly stateDirectory: string
  readonly slots: number
  readonly params: Readonly<Record<string, string>>
  readonly nats?: string | undefined
}

export type JobProcessOrder = { readonly type: 'crash-slot' } | { readonly type: 'cancel' }

export type JobProcessReport =
  | { readonly type: 'accepted'; readonly run: string; readonly resumed: boolean }
  | { readonly type: 'refused'; readonly message: string }
  | { readonly type: 'event'; readonly event: JobEvent }

const report = (message: JobProcessReport) => process.send?.(message)

async function main(): Promise<void> {
  const { file, stateDirectory, slots, params, nats } = JSON.parse(
    process.argv[2] ?? '{}',
  ) as JobProcessOptions
  const logger = pinoLogger({ level: 'error', format: 'text', write: (line) => process.stderr.write(line) })
  const node = await Node.start({
    stateDirectory,
    slots,
    clock: systemClock,
    random: systemRandom,
    logger,
    nats: nats === undefined ? undefined : { servers: nats },
  })
  const resumed = await node.resume({ file, params })
  const job = resumed ?? (await node.submit({ file, params }))
  report({ type: 'accepted', run: job.run, resumed: resumed !== undefined })
  job.follow((event) => report({ type: 'event', event }))
  process.on('message', (order: JobProcessOrder) => {
    if (order.type === 'crash-slot') void node.crashSlot()
    else void job.cancel()
  })
  await job.ended
  await node.stop()
  leave()
}

/** A parent that is gone takes this process with it; one that is left lets go of what was printed first. */
const orphaned = () => process.exit(0)
process.once('disconnect', orphaned)

function leave(): void {
  process.off('disconnect', orphaned)
  process.disconnect()
}

main().catch((error) => {
  report({ type: 'refused', message: errorInfoOf(error).message })
  process.exitCode = 1
  leave()
})
