/**
 * Users who click ten times within a minute, each told of once a minute. No server is needed:
 *
 *     npm run retake -- dev examples/click-bursts.ts --param input='clicks/*.jsonl' --param output=bursts
 *
 * How such an operator is tested, with its minutes, stands in `click-bursts.test.ts`.
 */
import { file, job, type ProcessContext, state } from 'retake'
import { Click } from './click.js'

const kept = { clicks: state.value(0) }
type Context = ProcessContext<string, typeof kept>

export const bursts = {
  state: kept,
  *onRecord(_: Click, ctx: Context) {
    const clicks = ctx.state.clicks.get() + 1
    ctx.state.clicks.set(clicks)
    if (clicks === 1) ctx.timers.in('1m')
    if (clicks === 10) yield { userId: ctx.key, at: ctx.now() }
  },
  onTimer(_: unknown, ctx: Context) {
    ctx.state.clicks.clear()
  },
}

export default job('click-bursts', { checkpoint: { interval: '5s' } }, (flow) =>
  flow
    .from('clicks', file.source({ path: flow.params.input, schema: Click }))
    .keyBy((click) => click.userId)
    .process('bursts', bursts)
    .to('out', file.sink({ path: flow.params.output })),
)
