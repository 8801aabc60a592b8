import { Logger } from '@aws-lambda-powertools/logger'

export const logger = new Logger({ serviceName: 'image-processor' })

/** An object that no version wrote, or one that this version cannot read. It concerns its own image only. */
export function reportUnreadable(key: string, reason: string): void {
  logger.error('stored object cannot be read', { key, reason })
}
