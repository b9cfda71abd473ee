import { of } from '#src/api/index.js'
import { clicksJob } from '../click.js'

clicksJob((clicks) =>
  clicks
    .keyBy((click) => click.userId)
    .process('times', { emits: of<number>(), onRecord: async (click, _, emit) => emit(click.ts) }),
)
