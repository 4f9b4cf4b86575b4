"""Numbers of the BACnet standard that the simulator speaks (ANSI/ASHRAE 135, clause 21), under the standard's own names."""

from __future__ import annotations

from enum import IntEnum


class ObjectType(IntEnum):
    """Object types a simulated device may hold."""

    ANALOG_INPUT = 0
    ANALOG_OUTPUT = 1
    ANALOG_VALUE = 2
    BINARY_INPUT = 3
    BINARY_OUTPUT = 4
    BINARY_VALUE = 5
    CALENDAR = 6
    DEVICE = 8
    EVENT_ENROLLMENT = 9
    LOOP = 12
    MULTI_STATE_INPUT = 13
    MULTI_STATE_OUTPUT = 14
    NOTIFICATION_CLASS = 15
    PROGRAM = 16
    SCHEDULE = 17
    MULTI_STATE_VALUE = 19
    TREND_LOG = 20
    BITSTRING_VALUE = 39
    CHARACTERSTRING_VALUE = 40
    DATE_VALUE = 42
    INTEGER_VALUE = 45
    LARGE_ANALOG_VALUE = 46
    OCTETSTRING_VALUE = 47
    POSITIVE_INTEGER_VALUE = 48
    TIME_VALUE = 50


class Property(IntEnum):
    """Property identifiers."""

    ACKED_TRANSITIONS = 0
    ACK_REQUIRED = 1
    ACTION = 2
    ACTIVE_TEXT = 4
    ALL = 8
    APDU_SEGMENT_TIMEOUT = 10
    APDU_TIMEOUT = 11
    APPLICATION_SOFTWARE_VERSION = 12
    NOTIFICATION_CLASS = 17
    CONTROLLED_VARIABLE_REFERENCE = 19
    CONTROLLED_VARIABLE_UNITS = 20
    CONTROLLED_VARIABLE_VALUE = 21
    COV_INCREMENT = 22
    DATE_LIST = 23
    DESCRIPTION = 28
    DEVICE_ADDRESS_BINDING = 30
    EFFECTIVE_PERIOD = 32
    EVENT_ENABLE = 35
    EVENT_STATE = 36
    EVENT_TYPE = 37
    EXCEPTION_SCHEDULE = 38
    FIRMWARE_REVISION = 44
    INACTIVE_TEXT = 46
    INTEGRAL_CONSTANT = 49
    INTEGRAL_CONSTANT_UNITS = 50
    LIST_OF_OBJECT_PROPERTY_REFERENCES = 54
    LOCAL_DATE = 56
    LOCAL_TIME = 57
    MANIPULATED_VARIABLE_REFERENCE = 60
    MAX_APDU_LENGTH_ACCEPTED = 62
    MODEL_NAME = 70
    NOTIFY_TYPE = 72
    NUMBER_OF_APDU_RETRIES = 73
    NUMBER_OF_STATES = 74
    OBJECT_IDENTIFIER = 75
    OBJECT_LIST = 76
    OBJECT_NAME = 77
    OBJECT_PROPERTY_REFERENCE = 78
    OBJECT_TYPE = 79
    OPTIONAL = 80
    OUT_OF_SERVICE = 81
    OUTPUT_UNITS = 82
    EVENT_PARAMETERS = 83
    POLARITY = 84
    PRESENT_VALUE = 85
    PRIORITY = 86
    PRIORITY_ARRAY = 87
    PRIORITY_FOR_WRITING = 88
    PROGRAM_CHANGE = 90
    PROGRAM_STATE = 92
    PROPORTIONAL_CONSTANT = 93
    PROPORTIONAL_CONSTANT_UNITS = 94
    PROTOCOL_OBJECT_TYPES_SUPPORTED = 96
    PROTOCOL_SERVICES_SUPPORTED = 97
    PROTOCOL_VERSION = 98
    RECIPIENT_LIST = 102
    RELIABILITY = 103
    RELINQUISH_DEFAULT = 104
    REQUIRED = 105
    SEGMENTATION_SUPPORTED = 107
    SETPOINT = 108
    SETPOINT_REFERENCE = 109
    STATE_TEXT = 110
    STATUS_FLAGS = 111
    SYSTEM_STATUS = 112
    UNITS = 117
    VENDOR_IDENTIFIER = 120
    VENDOR_NAME = 121
    WEEKLY_SCHEDULE = 123
    BUFFER_SIZE = 126
    EVENT_TIME_STAMPS = 130
    LOG_BUFFER = 131
    LOG_DEVICE_OBJECT_PROPERTY = 132
    ENABLE = 133
    LOG_INTERVAL = 134
    PROTOCOL_REVISION = 139
    RECORD_COUNT = 141
    STOP_WHEN_FULL = 144
    TOTAL_RECORD_COUNT = 145
    ACTIVE_COV_SUBSCRIPTIONS = 152
    DATABASE_REVISION = 155
    MAX_SEGMENTS_ACCEPTED = 167
    SCHEDULE_DEFAULT = 174
    LOGGING_TYPE = 197
    EVENT_DETECTION_ENABLE = 353
    PROPERTY_LIST = 371
    SERIAL_NUMBER = 372


class Confirmed(IntEnum):
    """Confirmed services."""

    ACKNOWLEDGE_ALARM = 0
    COV_NOTIFICATION = 1
    SUBSCRIBE_COV = 5
    ATOMIC_WRITE_FILE = 7
    ADD_LIST_ELEMENT = 8
    REMOVE_LIST_ELEMENT = 9
    CREATE_OBJECT = 10
    DELETE_OBJECT = 11
    READ_PROPERTY = 12
    READ_PROPERTY_MULTIPLE = 14
    WRITE_PROPERTY = 15
    WRITE_PROPERTY_MULTIPLE = 16
    DEVICE_COMMUNICATION_CONTROL = 17
    PRIVATE_TRANSFER = 18
    TEXT_MESSAGE = 19
    REINITIALIZE_DEVICE = 20
    READ_RANGE = 26
    LIFE_SAFETY_OPERATION = 27


class Unconfirmed(IntEnum):
    """Unconfirmed services."""

    I_AM = 0
    COV_NOTIFICATION = 2
    PRIVATE_TRANSFER = 4
    TIME_SYNCHRONIZATION = 6
    WHO_IS = 8
    UTC_TIME_SYNCHRONIZATION = 9
    WRITE_GROUP = 10


class ErrorClass(IntEnum):
    """Error classes."""

    DEVICE = 0
    OBJECT = 1
    PROPERTY = 2
    RESOURCES = 3
    SERVICES = 5


class ErrorCode(IntEnum):
    """Error codes."""

    NO_SPACE_TO_ADD_LIST_ELEMENT = 19
    SERVICE_REQUEST_DENIED = 29
    UNKNOWN_OBJECT = 31
    UNKNOWN_PROPERTY = 32
    WRITE_ACCESS_DENIED = 40
    INVALID_ARRAY_INDEX = 42
    OPTIONAL_FUNCTIONALITY_NOT_SUPPORTED = 45
    PROPERTY_IS_NOT_AN_ARRAY = 50


class Rejected(IntEnum):
    """Reject reasons."""

    OTHER = 0
    INVALID_TAG = 4
    MISSING_REQUIRED_PARAMETER = 5
    UNRECOGNIZED_SERVICE = 9


class Aborted(IntEnum):
    """Abort reasons."""

    BUFFER_OVERFLOW = 1
    SEGMENTATION_NOT_SUPPORTED = 4
    OUT_OF_RESOURCES = 9


class Segmentation(IntEnum):
    """What a device can do with segmented messages."""

    BOTH = 0
    TRANSMIT = 1
    RECEIVE = 2
    NONE = 3

    @property
    def transmits(self) -> bool:
        """Whether it can send a segmented answer."""
        return self in {Segmentation.BOTH, Segmentation.TRANSMIT}

    @property
    def receives(self) -> bool:
        """Whether it can take a segmented request."""
        return self in {Segmentation.BOTH, Segmentation.RECEIVE}


class Units(IntEnum):
    """Engineering units of simulated points."""

    VOLTS = 5
    PERCENT_RELATIVE_HUMIDITY = 29
    KILOWATTS = 48
    PASCALS = 53
    DEGREES_CELSIUS = 62
    SECONDS = 73
    CUBIC_FEET_PER_MINUTE = 84
    NO_UNITS = 95
    PARTS_PER_MILLION = 96
    PERCENT = 98
    REVOLUTIONS_PER_MINUTE = 104


LARGEST_INSTANCE = 0x3FFFFE  # 0x3FFFFF is the wildcard (clause 12, Object_Identifier)
WILDCARD_INSTANCE = 0x3FFFFF
TEMCO = 148  # vendor identifier of Temco's panels, as seen in their I-Am
PRIVATE_VENDOR = 260  # what Temco's panels expect and answer in private transfers


def object_identifier(object_type: int, instance: int) -> int:
    """Give the 32-bit object identifier."""
    return object_type << 22 | instance
