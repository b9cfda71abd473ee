import { customSource, of } from '#src/api/index.js'

customSource({
  emits: of<string>(),
  reader: () => {
    throw new Error('not here')
  },
})
