import type { Log } from '../serverless.ts'
import type { Resolve } from '../template/template.ts'

export type ResourceContext = { region: string; resolve: Resolve; log: Log }
