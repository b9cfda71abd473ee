import { discard, job } from '#src/api/index.js'

job('wrong', (flow) => flow.from('clicks', discard()))
