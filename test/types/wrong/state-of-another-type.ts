import { of, state } from '#src/api/index.js'
import { clicksJob } from '../click.js'

clicksJob((clicks) =>
  clicks
    .keyBy((click) => click.userId)
    .process('op', {
      emits: of<number>(),
      state: { n: state.value(0) },
      onRecord: (_, ctx) => ctx.state.n.set('one'),
    }),
)
