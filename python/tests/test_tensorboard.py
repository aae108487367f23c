"""Files for TensorBoard, read by Google's protobuf library and by the published form of TFRecord."""

import csv
import json
import struct

import numpy as np
import pytest

pytest.importorskip("google.protobuf")
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # noqa: E402

Field = descriptor_pb2.FieldDescriptorProto


def add_message(file, name, *fields):
    message = file.message_type.add(name=name)
    for field_name, number, kind, *repeated in fields:
        field = message.field.add(name=field_name, number=number, json_name=field_name)
        field.label = Field.LABEL_REPEATED if repeated else Field.LABEL_OPTIONAL
        if isinstance(kind, str):
            field.type, field.type_name = Field.TYPE_MESSAGE, kind
        else:
            field.type = kind


@pytest.fixture(scope="module")
def event_class():
    """tensorflow.Event with the numbers of event.proto and summary.proto, as far as scalars go."""
    file = descriptor_pb2.FileDescriptorProto(
        name="event.proto", package="tensorflow", syntax="proto3")
    add_message(file, "Value", ("tag", 1, Field.TYPE_STRING),
                ("simple_value", 2, Field.TYPE_FLOAT))
    add_message(file, "Summary", ("value", 1, ".tensorflow.Value", "repeated"))
    # An enumeration there, which is a varint on the wire: START is 1.
    add_message(file, "SessionLog", ("status", 1, Field.TYPE_INT32))
    add_message(file, "Event", ("wall_time", 1, Field.TYPE_DOUBLE), ("step", 2, Field.TYPE_INT64),
                ("file_version", 3, Field.TYPE_STRING), ("summary", 5, ".tensorflow.Summary"),
                ("session_log", 7, ".tensorflow.SessionLog"))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    event = pool.FindMessageTypeByName("tensorflow.Event")
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(event)
    return message_factory.MessageFactory(pool).GetPrototype(event)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records_of(data):
    """Contents of TFRecords: length, its CRC, content, its CRC, all little-endian."""
    at = 0
    while at < len(data):
        length, crc = struct.unpack_from("<QI", data, at)
        assert crc == masked(data[at:at + 8])
        content = data[at + 12:at + 12 + length]
        assert len(content) == length
        assert struct.unpack_from("<I", data, at + 12 + length) == (masked(content),)
        yield content
        at += 16 + length


def events_of(event_class, folder):
    (path,) = folder.glob("events.out.tfevents.*")
    events = []
    for content in records_of(path.read_bytes()):
        event = event_class.FromString(content)
        known = event_class.FromString(content)
        known.DiscardUnknownFields()
        assert known.SerializeToString() == event.SerializeToString()
        events.append(event)
    return events


def scalars(event):
    return {value.tag: value.simple_value for value in event.summary.value}


def test_crc32c_has_the_check_value_of_its_standard():
    assert crc32c(b"123456789") == 0xE3069283


def test_another_reader_finds_the_curves_and_the_result(tmp_path, command, event_class):
    command("train", "--dataset", "citation-like:200", "--epochs", 20, "--patience", 0, "--align",
            "mmd", "--lr", 0.01, "--lr-schedule", "linear", "--tensorboard", tmp_path / "tb",
            "--out", tmp_path / "run", "--json", tmp_path / "r.json", "--quiet")
    events = events_of(event_class, tmp_path / "tb")
    assert events[0].file_version == "brain.Event:2"
    assert events[1].session_log.status == 1 and events[1].step == 1
    assert all(1.7e9 < event.wall_time < 1e11 for event in events)

    with open(next((tmp_path / "run").glob("*.csv")), newline="") as file:
        curves = list(csv.DictReader(file))
    epochs = events[2:-1]
    assert [event.step for event in epochs] == list(range(1, 21))
    names = {"loss/train": "train_loss", "loss/validation": "val_loss",
             "accuracy/validation": "val_accuracy", "loss/align": "alignment"}
    for event, row in zip(epochs, curves, strict=True):
        found = scalars(event)
        assert found.pop("learning_rate") == np.float32(0.01 * (21 - event.step) / 21)
        assert found == {tag: np.float32(row[column]) for tag, column in names.items()}

    (run,) = json.loads((tmp_path / "r.json").read_text())["runs"]
    assert events[-1].step == run["best_epoch"]
    assert scalars(events[-1]) == {
        f"best/{part}_accuracy": np.float32(run[part]["accuracy"])
        for part in ("train", "validation", "test")
    }
