import { jsonAnswer } from '../http/answer.ts'
import { publicHandler } from '../http/api-handler.ts'
import { openApiDocument } from '../http/openapi-document.ts'

const document = openApiDocument()

/** `GET /v1/openapi.json` */
export const handler = publicHandler(async () =>
  jsonAnswer(200, document, { 'cache-control': 'public, max-age=300' }),
)
