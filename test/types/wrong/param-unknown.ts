import * as v from 'valibot'
import { job } from '#src/api/index.js'

job('wrong', { params: v.object({ topic: v.string() }) }, (flow) => flow.params.topc)
