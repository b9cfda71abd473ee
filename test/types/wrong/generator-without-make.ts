import { generator } from '#src/api/index.js'

generator.source({ count: 10 })
