import { Logger } from '@aws-lambda-powertools/logger'
import { visibleInLogs } from '@darkroom/core'

export const logger = new Logger({ serviceName: 'image-processor', jsonReplacerFn: visibleInLogs })
