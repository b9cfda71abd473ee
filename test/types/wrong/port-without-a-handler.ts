import { of, operator } from '#src/api/index.js'

operator({ receives: { word: of<string>(), number: of<number>() }, emits: {}, on: { word: () => {} } })
