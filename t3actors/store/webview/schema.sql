-- T3000's own tables, columns and indexes, for a file that the gateway makes itself, as T3000's program brings its own to at each start.
-- A file that is there is never touched by this. Tables that only T3000's program uses are left to it: it makes what it misses.
-- Names and types are T3000's, for its readers go by them.
-- Source: T3000Webview, api/migration/sql/webview_t3_device_schema.sql with T3DeviceMigrator, of 2026-08-20.

CREATE TABLE DEVICES (
  SerialNumber INTEGER PRIMARY KEY, PanelId INTEGER, MainBuilding_Name TEXT, Building_Name TEXT, Floor_Name TEXT,
  Room_Name TEXT, Panel_Number INTEGER, Network_Number INTEGER, Product_Name TEXT, Product_Class_ID INTEGER, Product_ID INTEGER,
  Screen_Name TEXT, Bautrate TEXT, Address TEXT, Register TEXT, Function TEXT, Description TEXT, High_Units TEXT,
  Low_Units TEXT, Update_Field TEXT, Status TEXT, Range_Field TEXT, Calibration TEXT, ip_address TEXT, port INTEGER,
  bacnet_mstp_mac_id INTEGER, modbus_address INTEGER, pc_ip_address TEXT, modbus_port INTEGER, bacnet_ip_port INTEGER,
  show_label_name TEXT, connection_type TEXT, is_online INTEGER DEFAULT 0, last_checked TEXT, object_instance INTEGER,
  firmware_version REAL, hardware_version INTEGER, parent_serial_number INTEGER DEFAULT 0, subnet_protocol INTEGER,
  command_version INTEGER, minitype INTEGER
);

CREATE TABLE INPUTS (
  SerialNumber INTEGER NOT NULL, InputId TEXT, Input_Index TEXT, Panel TEXT, Full_Label TEXT, Auto_Manual TEXT, fValue TEXT,
  Units TEXT, Range_Field TEXT, Calibration TEXT, Sign TEXT, Filter_Field TEXT, Status TEXT, Digital_Analog TEXT, Label TEXT,
  Type_Field TEXT, Calibration_H TEXT, Calibration_L TEXT, Calibration_Sign TEXT, Control TEXT
);

CREATE TABLE OUTPUTS (
  SerialNumber INTEGER NOT NULL, OutputId TEXT, Output_Index TEXT, Panel TEXT, Full_Label TEXT, Auto_Manual TEXT, fValue TEXT,
  Units TEXT, Range_Field TEXT, Calibration TEXT, Sign TEXT, Filter_Field TEXT, Status TEXT, Digital_Analog TEXT, Label TEXT,
  Type_Field TEXT, Calibration_H TEXT, Calibration_L TEXT, Calibration_Sign TEXT, Control TEXT
);

CREATE TABLE VARIABLES (
  SerialNumber INTEGER NOT NULL, VariableId TEXT, Variable_Index TEXT, Panel TEXT, Full_Label TEXT, Auto_Manual TEXT,
  fValue TEXT, Units TEXT, Range_Field TEXT, Calibration TEXT, Sign TEXT, Filter_Field TEXT, Status TEXT, Digital_Analog TEXT,
  Label TEXT, Type_Field TEXT, Calibration_H TEXT, Calibration_L TEXT, Calibration_Sign TEXT, Control TEXT
);

CREATE TABLE PROGRAMS (
  SerialNumber INTEGER NOT NULL, Program_ID TEXT, Switch_Node TEXT, Program_Label TEXT, Program_List TEXT, Program_Size TEXT,
  Program_Pointer TEXT, Program_Status TEXT, Auto_Manual TEXT
);

CREATE TABLE SCHEDULES (
  SerialNumber INTEGER NOT NULL, Schedule_ID TEXT, Auto_Manual TEXT, Output_Field TEXT, Variable_Field TEXT, Holiday1 TEXT,
  Status1 TEXT, Holiday2 TEXT, Status2 TEXT, Interval_Field TEXT, Schedule_Time TEXT, Monday_Time TEXT, Tuesday_Time TEXT,
  Wednesday_Time TEXT, Thursday_Time TEXT, Friday_Time TEXT
);

CREATE TABLE PID_TABLE (
  SerialNumber INTEGER NOT NULL, Loop_Field TEXT, Switch_Node TEXT, Input_Field TEXT, Input_Value TEXT, Auto_Manual TEXT,
  Output_Field TEXT, Output_Value TEXT, Set_Value TEXT, Units TEXT, Action_Field TEXT, Proportional TEXT, Reset_Field TEXT,
  Rate TEXT, Bias TEXT, Status TEXT, Type_Field TEXT, Setpoint_High TEXT, Setpoint_Low TEXT, Units_State TEXT,
  Variable_State TEXT
);

CREATE TABLE HOLIDAYS (
  SerialNumber INTEGER NOT NULL, Holiday_ID TEXT, Auto_Manual TEXT, Holiday_Value TEXT, Status TEXT, Month_Field TEXT,
  Day_Field TEXT, Year_Field TEXT
);

CREATE TABLE GRAPHICS (
  SerialNumber INTEGER NOT NULL, Graphic_ID TEXT, Switch_Node TEXT, Graphic_Label TEXT, Graphic_Full_Label TEXT,
  Graphic_Picture_File TEXT, Graphic_Total_Point TEXT
);

CREATE TABLE ALARMS (
  SerialNumber INTEGER NOT NULL, Alarm_ID TEXT, Panel TEXT, Message TEXT, Status TEXT, Priority TEXT, NotificationID TEXT,
  AlarmState TEXT, AlarmType TEXT, Source TEXT, Description TEXT, Acknowledged TEXT, Action_Field TEXT, TimeStamp TEXT,
  LowLimit TEXT, HighLimit TEXT
);

CREATE TABLE MONITORDATA (
  SerialNumber INTEGER NOT NULL, Monitor_ID TEXT, Switch_Node TEXT, Monitor_Label TEXT, Monitor_Value TEXT, Auto_Manual TEXT,
  Status TEXT, Units TEXT, Monitor_Type TEXT, TimeStamp TEXT, Range_Field TEXT, Calibration TEXT
);

CREATE TABLE ARRAYS (
  SerialNumber INTEGER NOT NULL, Array_ID TEXT, Array_Index TEXT, Panel TEXT, Label TEXT, Array_Size INTEGER, Status TEXT
);

CREATE TABLE CONVERSION_TABLES (
  SerialNumber INTEGER NOT NULL, Table_ID TEXT, Table_Index TEXT, Panel TEXT, Table_Name TEXT, Table_Data TEXT, Status TEXT
);

CREATE TABLE CUSTOM_UNITS (
  SerialNumber INTEGER NOT NULL, Unit_ID TEXT, Unit_Index TEXT, Panel TEXT, Unit_Type TEXT, Direct INTEGER,
  Digital_Units_Off TEXT, Digital_Units_On TEXT, Analog_Unit_Name TEXT, Status TEXT
);

CREATE TABLE VARIABLE_UNITS (
  SerialNumber INTEGER NOT NULL, Variable_ID TEXT, Variable_Index TEXT, Panel TEXT, Variable_Cus_Unite TEXT, Status TEXT
);

CREATE TABLE MSV_DATA (
  SerialNumber INTEGER NOT NULL, MSV_ID TEXT, MSV_Index INTEGER, Panel TEXT, Status_Field INTEGER, MSV_Name TEXT,
  MSV_Value INTEGER, Status TEXT
);

CREATE TABLE TRENDLOGS (
  id INTEGER PRIMARY KEY AUTOINCREMENT, SerialNumber INTEGER NOT NULL, PanelId INTEGER NOT NULL, Trendlog_ID TEXT NOT NULL,
  Switch_Node TEXT, Trendlog_Label TEXT, Interval_Seconds INTEGER, Buffer_Size INTEGER, Data_Size_KB TEXT, Auto_Manual TEXT,
  Status TEXT, ffi_synced INTEGER DEFAULT 0, last_ffi_sync TEXT, created_at TEXT DEFAULT CURRENT_TIMESTAMP,
  updated_at TEXT DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE TRENDLOG_INPUTS (
  id INTEGER PRIMARY KEY AUTOINCREMENT, SerialNumber INTEGER NOT NULL, PanelId INTEGER NOT NULL, Trendlog_ID TEXT NOT NULL,
  Point_Type TEXT NOT NULL, Point_Index TEXT NOT NULL, Point_Panel TEXT, Point_Label TEXT, Status TEXT,
  view_type TEXT DEFAULT 'MAIN', view_number INTEGER, is_selected INTEGER DEFAULT 1, created_at TEXT DEFAULT CURRENT_TIMESTAMP,
  updated_at TEXT DEFAULT CURRENT_TIMESTAMP,
  UNIQUE (SerialNumber, PanelId, Trendlog_ID, Point_Type, Point_Index, view_type, view_number)
);

CREATE TABLE TRENDLOG_VIEWS (
  id INTEGER PRIMARY KEY AUTOINCREMENT, SerialNumber INTEGER NOT NULL, PanelId INTEGER NOT NULL, Trendlog_ID TEXT NOT NULL,
  View_Number INTEGER NOT NULL, Point_Type TEXT NOT NULL, Point_Index TEXT NOT NULL, Point_Panel TEXT, Point_Label TEXT,
  is_selected INTEGER DEFAULT 1, created_at TEXT DEFAULT CURRENT_TIMESTAMP, updated_at TEXT DEFAULT CURRENT_TIMESTAMP,
  UNIQUE (SerialNumber, PanelId, Trendlog_ID, View_Number, Point_Type, Point_Index)
);

CREATE TABLE TRENDLOG_DATA (
  id INTEGER PRIMARY KEY AUTOINCREMENT, SerialNumber INTEGER NOT NULL, PanelId INTEGER NOT NULL, PointId TEXT NOT NULL,
  PointIndex INTEGER NOT NULL, PointType TEXT NOT NULL, Digital_Analog TEXT, Range_Field TEXT, Units TEXT, Description TEXT,
  IsActive BOOLEAN DEFAULT 1, CreatedAt TEXT DEFAULT (datetime('now')), UpdatedAt TEXT DEFAULT (datetime('now')),
  UNIQUE (SerialNumber, PanelId, PointId, PointIndex, PointType)
);

CREATE TABLE TRENDLOG_DATA_DETAIL (
  ParentId INTEGER NOT NULL, Value TEXT NOT NULL, LoggingTime_Fmt TEXT NOT NULL
);

CREATE TABLE TRENDLOG_DATA_SYNC_METADATA (
  id INTEGER PRIMARY KEY AUTOINCREMENT, SyncTime_Fmt TEXT NOT NULL, MessageType TEXT NOT NULL, PanelId INTEGER,
  SerialNumber INTEGER, RecordsInserted INTEGER DEFAULT 0, SyncInterval INTEGER NOT NULL, Success INTEGER DEFAULT 1,
  ErrorMessage TEXT, CreatedAt TEXT DEFAULT (datetime('now'))
);

CREATE TABLE TRENDLOG_DATA_OLD (
  SerialNumber INTEGER NOT NULL, PanelId INTEGER NOT NULL, PointId TEXT NOT NULL, PointIndex INTEGER NOT NULL,
  PointType TEXT NOT NULL, Value TEXT NOT NULL, LoggingTime TEXT NOT NULL, LoggingTime_Fmt TEXT NOT NULL, Digital_Analog TEXT,
  Range_Field TEXT, Units TEXT, DataSource TEXT DEFAULT 'REALTIME', SyncInterval INTEGER DEFAULT 30,
  CreatedBy TEXT DEFAULT 'FRONTEND'
);

CREATE TABLE TRENDLOG_POINT_SETS (
  id INTEGER PRIMARY KEY AUTOINCREMENT, serial_number INTEGER NOT NULL, set_name TEXT NOT NULL, selected_keys TEXT NOT NULL,
  point_tags TEXT NOT NULL, created_at INTEGER, updated_at INTEGER
);

CREATE TABLE DATA_SYNC_METADATA (
  id INTEGER PRIMARY KEY AUTOINCREMENT, sync_time INTEGER NOT NULL, sync_time_fmt TEXT NOT NULL, data_type TEXT NOT NULL,
  serial_number TEXT NOT NULL, panel_id INTEGER, records_synced INTEGER DEFAULT 0, sync_method TEXT NOT NULL,
  success INTEGER NOT NULL DEFAULT 1, error_message TEXT, created_at INTEGER DEFAULT (unixepoch())
);

CREATE TABLE APPLICATION_CONFIG (
  id INTEGER PRIMARY KEY AUTOINCREMENT, config_key TEXT NOT NULL, config_value TEXT NOT NULL,
  config_type TEXT NOT NULL DEFAULT 'json', description TEXT, user_id INTEGER, device_serial TEXT, panel_id INTEGER,
  is_system BOOLEAN NOT NULL DEFAULT 0, version TEXT, size_bytes INTEGER,
  created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  UNIQUE (config_key, user_id, device_serial, panel_id), CHECK (config_type IN ('string','number','boolean','json'))
);

CREATE TABLE APPLICATION_CONFIG_HISTORY (
  id INTEGER PRIMARY KEY AUTOINCREMENT, config_key TEXT NOT NULL, old_value TEXT, new_value TEXT NOT NULL, changed_by TEXT,
  change_reason TEXT, changed_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE DATABASE_PARTITION_CONFIG (
  id INTEGER PRIMARY KEY AUTOINCREMENT, strategy TEXT NOT NULL DEFAULT 'monthly', custom_days INTEGER, custom_months INTEGER,
  retention_value INTEGER NOT NULL DEFAULT 30, retention_unit TEXT NOT NULL DEFAULT 'days',
  auto_cleanup_enabled BOOLEAN NOT NULL DEFAULT 1, is_active BOOLEAN NOT NULL DEFAULT 1,
  created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CHECK (strategy IN ('5minutes','daily','weekly','monthly','quarterly','custom','custom-months')),
  CHECK (custom_days IS NULL OR custom_days BETWEEN 1 AND 365), CHECK (custom_months IS NULL OR custom_months BETWEEN 1 AND 12),
  CHECK (retention_value > 0), CHECK (retention_unit IN ('days','weeks','months'))
);

CREATE TABLE DATABASE_FILES (
  id INTEGER PRIMARY KEY AUTOINCREMENT, file_name TEXT NOT NULL UNIQUE, file_path TEXT NOT NULL,
  file_size_bytes INTEGER NOT NULL DEFAULT 0, record_count INTEGER NOT NULL DEFAULT 0, partition_identifier TEXT,
  start_date DATE, end_date DATE, is_active BOOLEAN NOT NULL DEFAULT 1, is_archived BOOLEAN NOT NULL DEFAULT 0,
  created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  last_accessed_at DATETIME
);

CREATE TABLE DATABASE_PARTITIONS (
  id INTEGER PRIMARY KEY AUTOINCREMENT, partition_name TEXT NOT NULL UNIQUE, partition_identifier TEXT NOT NULL,
  start_date DATE NOT NULL, end_date DATE, table_prefix TEXT NOT NULL, record_count INTEGER NOT NULL DEFAULT 0,
  file_size_bytes INTEGER NOT NULL DEFAULT 0, is_active BOOLEAN NOT NULL DEFAULT 1, is_current BOOLEAN NOT NULL DEFAULT 0,
  created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE DB_BACKEND_CONFIG (
  id INTEGER PRIMARY KEY AUTOINCREMENT, backend_type TEXT NOT NULL UNIQUE, is_active INTEGER NOT NULL DEFAULT 0, host TEXT,
  port INTEGER, instance TEXT, database_name TEXT, username TEXT, password TEXT, connection_url TEXT, extra_options TEXT,
  role TEXT DEFAULT 'server', updated_at DATETIME DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE T3_APP_LOG (
  id INTEGER PRIMARY KEY AUTOINCREMENT, ts_unix INTEGER NOT NULL, ts_fmt TEXT NOT NULL, level TEXT NOT NULL DEFAULT 'info',
  category TEXT NOT NULL DEFAULT 'SERVER_EVENT', source TEXT, hostname TEXT, role TEXT, device_serial TEXT,
  message TEXT NOT NULL DEFAULT '', details TEXT
);

CREATE TABLE HAYSTACK_TAGS (
  tag_name TEXT PRIMARY KEY, doc TEXT, category TEXT NOT NULL DEFAULT 'custom', deprecated INTEGER NOT NULL DEFAULT 0,
  source TEXT DEFAULT 'user'
);

CREATE TABLE HAYSTACK_TAG_RELATIONS (
  tag_name TEXT NOT NULL, parent_tag TEXT NOT NULL, PRIMARY KEY (tag_name, parent_tag)
);

CREATE TABLE HAYSTACK_POINT_TAGS (
  serial_number INTEGER NOT NULL, point_type TEXT NOT NULL, point_index TEXT NOT NULL, point_id TEXT NOT NULL,
  tag_name TEXT NOT NULL, PRIMARY KEY (serial_number, point_type, point_index, tag_name)
);

CREATE INDEX IDX_ALARMS_SERIAL ON ALARMS (SerialNumber);
CREATE INDEX idx_application_config_device ON APPLICATION_CONFIG (device_serial);
CREATE INDEX idx_application_config_key ON APPLICATION_CONFIG (config_key);
CREATE INDEX idx_application_config_size ON APPLICATION_CONFIG (size_bytes);
CREATE INDEX idx_application_config_system ON APPLICATION_CONFIG (is_system);
CREATE INDEX idx_application_config_type ON APPLICATION_CONFIG (config_type);
CREATE INDEX idx_application_config_user ON APPLICATION_CONFIG (user_id);
CREATE INDEX idx_application_config_history_changed_at ON APPLICATION_CONFIG_HISTORY (changed_at DESC);
CREATE INDEX idx_application_config_history_changed_by ON APPLICATION_CONFIG_HISTORY (changed_by);
CREATE INDEX idx_application_config_history_key ON APPLICATION_CONFIG_HISTORY (config_key);
CREATE INDEX IDX_ARRAYS_ID ON ARRAYS (Array_ID);
CREATE INDEX IDX_ARRAYS_SERIAL ON ARRAYS (SerialNumber);
CREATE INDEX IDX_CONVERSION_TABLES_ID ON CONVERSION_TABLES (Table_ID);
CREATE INDEX IDX_CONVERSION_TABLES_SERIAL ON CONVERSION_TABLES (SerialNumber);
CREATE INDEX IDX_CUSTOM_UNITS_ID ON CUSTOM_UNITS (Unit_ID);
CREATE INDEX IDX_CUSTOM_UNITS_SERIAL ON CUSTOM_UNITS (SerialNumber);
CREATE INDEX IDX_CUSTOM_UNITS_TYPE ON CUSTOM_UNITS (Unit_Type);
CREATE INDEX idx_DATABASE_FILES_accessed ON DATABASE_FILES (last_accessed_at);
CREATE INDEX idx_DATABASE_FILES_active ON DATABASE_FILES (is_active);
CREATE INDEX idx_DATABASE_FILES_archived ON DATABASE_FILES (is_archived);
CREATE INDEX idx_DATABASE_FILES_created ON DATABASE_FILES (created_at);
CREATE INDEX idx_DATABASE_FILES_name ON DATABASE_FILES (file_name);
CREATE INDEX idx_DATABASE_FILES_partition ON DATABASE_FILES (partition_identifier);
CREATE INDEX idx_DATABASE_PARTITIONS_active ON DATABASE_PARTITIONS (is_active);
CREATE INDEX idx_DATABASE_PARTITIONS_current ON DATABASE_PARTITIONS (is_current);
CREATE INDEX idx_DATABASE_PARTITIONS_dates ON DATABASE_PARTITIONS (start_date, end_date);
CREATE INDEX idx_DATABASE_PARTITIONS_identifier ON DATABASE_PARTITIONS (partition_identifier);
CREATE INDEX idx_DATABASE_PARTITIONS_name ON DATABASE_PARTITIONS (partition_name);
CREATE INDEX idx_DATABASE_PARTITION_CONFIG_active ON DATABASE_PARTITION_CONFIG (is_active);
CREATE INDEX idx_DATABASE_PARTITION_CONFIG_created ON DATABASE_PARTITION_CONFIG (created_at);
CREATE INDEX idx_DATABASE_PARTITION_CONFIG_strategy ON DATABASE_PARTITION_CONFIG (strategy);
CREATE INDEX idx_data_sync_metadata_created ON DATA_SYNC_METADATA (created_at DESC);
CREATE INDEX idx_data_sync_metadata_lookup ON DATA_SYNC_METADATA (serial_number, data_type, sync_time DESC);
CREATE INDEX idx_data_sync_metadata_method ON DATA_SYNC_METADATA (sync_method, created_at DESC);
CREATE INDEX IDX_DEVICES_SERIAL ON DEVICES (SerialNumber);
CREATE INDEX IDX_GRAPHICS_SERIAL ON GRAPHICS (SerialNumber);
CREATE INDEX idx_hpt_serial ON HAYSTACK_POINT_TAGS (serial_number);
CREATE INDEX idx_hpt_tag ON HAYSTACK_POINT_TAGS (tag_name);
CREATE INDEX IDX_HOLIDAYS_SERIAL ON HOLIDAYS (SerialNumber);
CREATE INDEX IDX_INPUTS_SERIAL ON INPUTS (SerialNumber);
CREATE INDEX IDX_MONITORDATA_SERIAL ON MONITORDATA (SerialNumber);
CREATE INDEX IDX_MSV_DATA_ID ON MSV_DATA (MSV_ID);
CREATE INDEX IDX_MSV_DATA_SERIAL ON MSV_DATA (SerialNumber);
CREATE INDEX IDX_OUTPUTS_SERIAL ON OUTPUTS (SerialNumber);
CREATE INDEX IDX_PID_TABLE_SERIAL ON PID_TABLE (SerialNumber);
CREATE INDEX IDX_PROGRAMS_SERIAL ON PROGRAMS (SerialNumber);
CREATE INDEX IDX_SCHEDULES_SERIAL ON SCHEDULES (SerialNumber);
CREATE INDEX idx_t3_app_log_cat ON T3_APP_LOG (category);
CREATE INDEX idx_t3_app_log_lvl ON T3_APP_LOG (level);
CREATE INDEX idx_t3_app_log_ts ON T3_APP_LOG (ts_unix DESC);
CREATE INDEX IDX_TRENDLOGS_ID ON TRENDLOGS (Trendlog_ID);
CREATE INDEX IDX_TRENDLOGS_SERIAL ON TRENDLOGS (SerialNumber);
CREATE INDEX IDX_TRENDLOG_DATA_ACTIVE ON TRENDLOG_DATA (IsActive);
CREATE INDEX IDX_TRENDLOG_DATA_HISTORY_FILTER ON TRENDLOG_DATA (SerialNumber, PanelId, PointType, PointIndex);
CREATE INDEX IDX_TRENDLOG_DATA_LOOKUP ON TRENDLOG_DATA (SerialNumber, PanelId, PointId);
CREATE INDEX IDX_TRENDLOG_DATA_SERIAL ON TRENDLOG_DATA (SerialNumber);
CREATE INDEX IDX_TRENDLOG_DATA_SPECIFIC_POINTS ON TRENDLOG_DATA (PointId, PointType, PointIndex, PanelId);
CREATE INDEX IDX_TRENDLOG_DATA_TYPE ON TRENDLOG_DATA (PointType);
CREATE INDEX IDX_TRENDLOG_DETAIL_PARENT ON TRENDLOG_DATA_DETAIL (ParentId);
CREATE INDEX IDX_TRENDLOG_DETAIL_PARENT_TIME ON TRENDLOG_DATA_DETAIL (ParentId, LoggingTime_Fmt DESC);
CREATE INDEX IDX_TRENDLOG_DETAIL_TIME_FMT ON TRENDLOG_DATA_DETAIL (LoggingTime_Fmt DESC);
CREATE INDEX IDX_TRENDLOG_DETAIL_TIME_RANGE ON TRENDLOG_DATA_DETAIL (LoggingTime_Fmt, ParentId);
CREATE INDEX IDX_TRENDLOG_DATA_OLD_PANEL ON TRENDLOG_DATA_OLD (PanelId);
CREATE INDEX IDX_TRENDLOG_DATA_OLD_POINT_ID ON TRENDLOG_DATA_OLD (PointId);
CREATE INDEX IDX_TRENDLOG_DATA_OLD_POINT_INDEX ON TRENDLOG_DATA_OLD (PointIndex);
CREATE INDEX IDX_TRENDLOG_DATA_OLD_RECENT_QUERY ON TRENDLOG_DATA_OLD (SerialNumber, PanelId, LoggingTime_Fmt DESC);
CREATE INDEX IDX_TRENDLOG_DATA_OLD_SERIAL ON TRENDLOG_DATA_OLD (SerialNumber);
CREATE INDEX IDX_TRENDLOG_DATA_OLD_SOURCE_TIME ON TRENDLOG_DATA_OLD (SerialNumber, PanelId, DataSource, LoggingTime_Fmt);
CREATE INDEX IDX_TRENDLOG_DATA_OLD_TIME ON TRENDLOG_DATA_OLD (LoggingTime);
CREATE INDEX IDX_TRENDLOG_DATA_OLD_TIME_FMT ON TRENDLOG_DATA_OLD (LoggingTime_Fmt);
CREATE INDEX IDX_TRENDLOG_DATA_OLD_TYPE ON TRENDLOG_DATA_OLD (PointType);
CREATE INDEX IDX_SYNC_META_DEVICE ON TRENDLOG_DATA_SYNC_METADATA (PanelId, SerialNumber);
CREATE INDEX IDX_SYNC_META_SUCCESS ON TRENDLOG_DATA_SYNC_METADATA (Success);
CREATE INDEX IDX_SYNC_META_TIME ON TRENDLOG_DATA_SYNC_METADATA (SyncTime_Fmt DESC);
CREATE INDEX IDX_SYNC_META_TYPE ON TRENDLOG_DATA_SYNC_METADATA (MessageType);
CREATE INDEX IDX_TRENDLOG_INPUTS_ID ON TRENDLOG_INPUTS (Trendlog_ID);
CREATE INDEX IDX_TRENDLOG_INPUTS_VIEW ON TRENDLOG_INPUTS (Trendlog_ID, view_type, view_number);
CREATE INDEX idx_trendpointsets_serial ON TRENDLOG_POINT_SETS (serial_number);
CREATE INDEX idx_trendpointsets_updated_at ON TRENDLOG_POINT_SETS (updated_at);
CREATE UNIQUE INDEX uq_trendpointsets_serial_name ON TRENDLOG_POINT_SETS (serial_number, set_name);
CREATE INDEX IDX_TRENDLOG_VIEWS_ID ON TRENDLOG_VIEWS (trendlog_id);
CREATE INDEX IDX_TRENDLOG_VIEWS_UNIQUE ON TRENDLOG_VIEWS (trendlog_id, view_number);
CREATE INDEX IDX_VARIABLES_SERIAL ON VARIABLES (SerialNumber);
CREATE INDEX IDX_VARIABLE_UNITS_ID ON VARIABLE_UNITS (Variable_ID);
CREATE INDEX IDX_VARIABLE_UNITS_SERIAL ON VARIABLE_UNITS (SerialNumber);

-- What T3000's program expects to find.
INSERT INTO APPLICATION_CONFIG (config_key, config_value, config_type) VALUES
  ('ffi.sync_interval_secs', '900', 'number'), ('rediscover.interval_secs', '3600', 'number');
INSERT INTO DATABASE_PARTITION_CONFIG (strategy, retention_value, retention_unit) VALUES ('monthly', 30, 'days');
INSERT INTO DB_BACKEND_CONFIG (backend_type, is_active, connection_url)
  VALUES ('sqlite', 1, 'sqlite://Database/webview_t3_device.db');
