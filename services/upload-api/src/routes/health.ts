import type { Health } from '@darkroom/core'
import { env } from '../environment.ts'
import { jsonAnswer } from '../http/answer.ts'
import { publicHandler } from '../http/api-handler.ts'

/** `GET /v1/health` */
export const handler = publicHandler(async () =>
  jsonAnswer(200, { status: 'ok', service: 'upload-api', stage: env.STAGE } satisfies Health),
)
