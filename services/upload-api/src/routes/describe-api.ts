import { jsonAnswer } from '../http/answer.ts'
import { apiHandler } from '../http/api-handler.ts'
import { openApiDocument } from '../http/openapi-document.ts'

const document = openApiDocument()

/** `GET /v1/openapi.json` */
export const handler = apiHandler(async () =>
  jsonAnswer(200, document, { 'cache-control': 'public, max-age=300' }),
)
