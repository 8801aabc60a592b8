import type { ApiResult } from './api-event.ts'

export function jsonAnswer(
  statusCode: number,
  body: unknown,
  headers: Record<string, string | number> = {},
): ApiResult {
  return {
    statusCode,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify(body),
  }
}
