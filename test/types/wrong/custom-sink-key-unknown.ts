import { customSink, of } from '#src/api/index.js'

customSink({
  takes: of<{ userId: string }>(),
  keyFields: ['user'],
  writer: () => {
    throw new Error('not here')
  },
})
