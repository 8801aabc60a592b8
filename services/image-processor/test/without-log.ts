/** Imported first, as the log's level is read when it is opened: these programs print what they have to say. */
process.env.POWERTOOLS_LOG_LEVEL = 'SILENT'
